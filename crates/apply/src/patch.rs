//! Writes to objects of the cluster that lose nothing of anybody else's: each names the version of the object that
//! was looked at, and the API server refuses it once there is another (Kubernetes documentation, "API Concepts",
//! "Resource versions").

use http::Request;
use serde_json::{Value, json};
use trustwalk_collect::World;
use trustwalk_collect::kube_api::{KubeApi, WriteError};
use trustwalk_collect::percent::segment;
use trustwalk_core::evidence::Observed;
use trustwalk_core::plan::WebhookField;
use trustwalk_foreign::shell;

use crate::state::{Failure, same};
use crate::verify::PAUSE;

/// How often a write is tried that came too late each time, though what it replaces is still there: `kubectl` does
/// the same.
const ATTEMPTS: usize = 5;

/// How often a write is sent again whose answer was lost and that has not arrived: it names a version, so that of all
/// that were sent one is taken at most.
const SENT_AGAIN: u32 = 2;

/// An object and how people read it.
pub(crate) struct Place {
    path: String,
    what: String,
    permission: &'static str,
    by_hand: String,
}

impl Place {
    async fn read(&self, kube: &KubeApi) -> Observed<Value> {
        kube.get(&self.path, &self.what, self.permission, &self.by_hand).await
    }
}

/// A service account.
pub(crate) fn account(namespace: &str, name: &str) -> Place {
    Place {
        path: format!("/api/v1/namespaces/{}/serviceaccounts/{}", segment(namespace), segment(name)),
        what: format!("ServiceAccount {namespace}/{name}"),
        permission: "get serviceaccounts",
        by_hand: shell::line("kubectl get serviceaccount {} -n {} -o yaml", &[name, namespace]),
    }
}

fn configuration(name: &str) -> Place {
    Place {
        path: format!("/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/{}", segment(name)),
        what: format!("MutatingWebhookConfiguration {name}"),
        permission: "get mutatingwebhookconfigurations",
        by_hand: shell::line("kubectl get mutatingwebhookconfiguration {} -o yaml", &[name]),
    }
}

/// Sets an annotation, or takes it away, while it is what it was.
pub(crate) async fn annotate(
    world: &World,
    place: &Place,
    (key, value): (&str, Option<&str>),
    from: &str,
) -> Result<(), Failure> {
    let read = |object: &Value| {
        let all = object.pointer("/metadata/annotations");
        all.and_then(|a| a.get(key)).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let change = |_: &Value, version: &str| {
        let body = json!({"metadata": {"resourceVersion": version, "annotations": {key: value}}});
        Some(("application/merge-patch+json", body))
    };
    written(world, place, (from, value.unwrap_or_default()), |o| Some(read(o)), change).await
}

/// Sets a field of one webhook of a configuration, while it is what it was.
pub(crate) async fn set_webhook(
    world: &World,
    name: &str,
    (webhook_name, field): (&str, &WebhookField),
    from: &str,
) -> Result<(), Failure> {
    let change = |object: &Value, version: &str| {
        let (at, hook) = named(object, webhook_name)?;
        let place = format!("/webhooks/{at}{}", field.pointer());
        let wanted = match field {
            WebhookField::CaBundle(bundle) if bundle.is_empty() => json!({"op": "remove", "path": place}),
            WebhookField::CaBundle(bundle) => set(hook, field, &place, &json!(bundle)),
            WebhookField::ReviewVersions(versions) => set(hook, field, &place, &json!(versions)),
        };
        let test = |path: String, value: &str| json!({"op": "test", "path": path, "value": value});
        let body = json!([
            test("/metadata/resourceVersion".to_owned(), version),
            test(format!("/webhooks/{at}/name"), webhook_name),
            wanted,
        ]);
        Some(("application/json-patch+json", body))
    };
    written(world, &configuration(name), (from, &field.text()), |o| webhook(o, webhook_name, field), change).await
}

fn set(hook: &Value, field: &WebhookField, place: &str, value: &Value) -> Value {
    let op = if hook.pointer(field.pointer()).is_some() { "replace" } else { "add" };
    json!({"op": op, "path": place, "value": value})
}

/// What a field of a webhook is now, as preconditions hold it; `None` without such a webhook.
pub(crate) fn webhook(object: &Value, name: &str, field: &WebhookField) -> Option<String> {
    let (_, hook) = named(object, name)?;
    let value = hook.pointer(field.pointer());
    Some(match field {
        WebhookField::CaBundle(_) => value.and_then(Value::as_str).unwrap_or_default().to_owned(),
        WebhookField::ReviewVersions(_) => {
            let all = value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
            WebhookField::ReviewVersions(all.map(str::to_owned).collect()).text()
        }
    })
}

/// The webhook of this name and its place in the list.
fn named<'a>(object: &'a Value, name: &str) -> Option<(usize, &'a Value)> {
    let all = object.get("webhooks").and_then(Value::as_array)?;
    all.iter().enumerate().find(|(_, hook)| hook.get("name").and_then(Value::as_str) == Some(name))
}

/// Reads the object, and writes while what is to be replaced is there. Refused because the object was written
/// meanwhile, it looks again: who changed something else is no reason to give up, who changed this one is. Where an
/// answer was lost it looks whether the write arrived, and sends it again where it did not.
async fn written(
    world: &World,
    place: &Place,
    (from, to): (&str, &str),
    read: impl Fn(&Value) -> Option<String>,
    change: impl Fn(&Value, &str) -> Option<(&'static str, Value)>,
) -> Result<(), Failure> {
    let kube = world.kube.as_ref().map_err(|why| Failure::Refused(format!("the cluster is out of reach: {why}")))?;
    let (mut refused, mut lost) = (None::<(String, String)>, Lost::default());
    for _ in 0..ATTEMPTS {
        let found = place.read(kube).await;
        let Some(object) = found.known() else { return Err(lost.or(found.gap().unwrap_or_default())) };
        let version = object.pointer("/metadata/resourceVersion").and_then(Value::as_str).unwrap_or_default();
        let now = read(object);
        if lost.why.is_some() && now.as_deref().is_some_and(|now| same(now, to) && !same(now, from)) {
            return Ok(());
        }
        if let Some((_, why)) = refused.take_if(|(tried, _)| tried == version) {
            return Err(lost.or(why));
        }
        if now.as_deref().is_none_or(|now| !same(now, from)) {
            let now = now.unwrap_or_else(|| "nothing".to_owned());
            return Err(lost.or(format!("somebody changed it meanwhile: it is `{now}` now")));
        }
        let Some((kind, body)) = change(object, version) else {
            return Err(lost.or("what is to be changed is not there".to_owned()));
        };
        let request = Request::patch(format!("{}?fieldManager=trustwalk", place.path))
            .header("content-type", kind)
            .body(body.to_string().into_bytes())
            .map_err(|e| Failure::Refused(e.to_string()))?;
        match kube.write_at_version(request).await {
            Ok(true) => return Ok(()),
            // Somebody wrote to the object meanwhile; it may have been this write, whose answer was lost.
            Ok(false) => refused = None,
            Err(WriteError::Refused(why)) => refused = Some((version.to_owned(), why)),
            Err(WriteError::Lost(why)) if lost.times < SENT_AGAIN => lost.again(why).await,
            Err(WriteError::Lost(why)) => return Err(Failure::Lost(why)),
        }
    }
    let met = || format!("others write to it all the time: each of {ATTEMPTS} tries met another");
    Err(lost.or(refused.map_or_else(met, |(_, why)| why)))
}

/// Answers that were lost.
#[derive(Default)]
struct Lost {
    times: u32,
    /// Why the last one was.
    why: Option<String>,
}

impl Lost {
    /// Takes note of one, and waits before the object is looked at: longer each time.
    async fn again(&mut self, why: String) {
        self.why = Some(why);
        tokio::time::sleep(PAUSE.saturating_mul(1_u32.checked_shl(self.times).unwrap_or(u32::MAX))).await;
        self.times += 1;
    }

    /// A failure that comes after them: nobody knows then what was taken. Without one, nothing was changed.
    fn or(self, why: String) -> Failure {
        match self.why {
            Some(lost) => Failure::Lost(format!("{lost}; then: {why}")),
            None => Failure::Refused(why),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trustwalk_core::plan::WebhookField;

    use super::webhook;

    #[test]
    fn a_field_reads_as_preconditions_hold_it() {
        let object = json!({"webhooks": [
            {"name": "other", "admissionReviewVersions": ["v1"]},
            {"name": "own", "admissionReviewVersions": ["v1beta1", "v1"], "clientConfig": {"caBundle": "QQ=="}},
        ]});
        let of = |name, field: WebhookField| webhook(&object, name, &field);
        assert_eq!(of("own", WebhookField::ReviewVersions(Vec::new())).as_deref(), Some("v1beta1,v1"));
        assert_eq!(of("own", WebhookField::CaBundle(String::new())).as_deref(), Some("QQ=="));
        assert_eq!(of("other", WebhookField::CaBundle(String::new())).as_deref(), Some(""));
        assert_eq!(of("gone", WebhookField::CaBundle(String::new())), None);
    }
}
