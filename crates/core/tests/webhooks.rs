//! A webhook is known by what it does: one that only has the name is not proven to be at fault, and not proven absent.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    reason = "helpers of tests fail by panicking, as tests do"
)]

use serde_json::{Value, json};
use trustwalk_core::cause::Cause;
use trustwalk_core::diagnosis::{Diagnosis, diagnose};
use trustwalk_core::evidence::Evidence;
use trustwalk_core::finding::{Confidence, Finding};
use trustwalk_testkit::{NOW, story};

/// The story's workload without identity, of which a dry run shows that a new pod gets none either.
fn with(webhooks: Value) -> Diagnosis {
    let mut e = story().unwrap();
    e["webhooks"] = json!({"state": "known", "value": webhooks, "source": {"what": "webhooks", "at": NOW}});
    for pod in [0, 1] {
        e["pods"]["value"][pod]["spec"]["containers"][0]["env"] = json!([]);
    }
    e["injection_probe"]["value"] = json!({});
    diagnose(&serde_json::from_value::<Evidence>(e).unwrap())
}

fn hook(name: &str, more: &Value) -> Value {
    let mut hook = json!({"configuration": name.split('.').next().unwrap(), "name": name, "failure_policy": "Ignore",
        "endpoint": "service tools/hook:443", "review_versions": ["v1beta1"], "created": NOW - 70_000_000,
        "rules": [{"operations": ["CREATE"], "groups": [""], "versions": ["v1"], "resources": ["pods"]}]});
    hook.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    hook
}

fn root(d: &Diagnosis) -> &Finding {
    d.root_cause.as_ref().unwrap()
}

#[test]
fn a_webhook_that_has_the_name_alone_is_not_proven_to_be_at_fault() {
    let image = "registry.example/azure/pod-identity-mutator:v1";
    for (fault, cause) in [
        (json!({"ca_verifies": false}), Cause::WebhookMisconfiguredCabundle),
        (json!({"ready_endpoints": 0}), Cause::WebhookAbsentOrNotRunning),
    ] {
        let mut fault = fault;
        fault["image"] = json!(image);
        let d = with(json!([hook("pod-identity.example.com", &fault)]));
        let found = root(&d);
        assert_eq!((found.cause, found.confidence), (cause, Confidence::Likely), "{found:#?}");
        assert!(found.decide.as_deref().unwrap().contains(image), "{found:#?}");
        // The same of the project's own image.
        fault["image"] = json!("public.ecr.aws/eks/amazon-eks-pod-identity-webhook:v0.5.0");
        let d = with(json!([hook("pod-identity.example.com", &fault)]));
        assert_eq!((root(&d).cause, root(&d).confidence), (cause, Confidence::Proven), "{:#?}", root(&d));
    }
}

#[test]
fn that_no_webhook_injects_is_proven_where_no_other_is_called_for_pods() {
    let d = with(json!([]));
    assert_eq!((root(&d).cause, root(&d).confidence), (Cause::WebhookAbsentOrNotRunning, Confidence::Proven));
    for name in ["defaults.example.com", "pod-identity.example.com"] {
        let d = with(json!([hook(name, &json!({}))]));
        let found = root(&d);
        let expected = (Cause::WebhookAbsentOrNotRunning, Confidence::Likely);
        assert_eq!((found.cause, found.confidence), expected, "{name}: {found:#?}");
        assert!(found.decide.as_deref().unwrap().contains(name), "{found:#?}");
    }
    // One that is known to do something else leaves nothing open.
    let other = hook("rev.namespace.sidecar-injector.istio.io", &json!({}));
    let d = with(json!([other]));
    assert_eq!((root(&d).cause, root(&d).confidence), (Cause::WebhookAbsentOrNotRunning, Confidence::Proven));
}

#[test]
fn a_dry_run_that_another_webhook_spoiled_says_nothing_of_the_identitys() {
    let refused = "500: Internal error occurred: failed calling webhook \"defaults.example.com\": failed to call \
                   webhook: \
                   Post \"https://hook.tools.svc:443/\": x509: certificate signed by unknown authority";
    let mut e = story().unwrap();
    let known = e["webhooks"]["value"][0].clone();
    e["webhooks"]["value"] = json!([hook("defaults.example.com", &json!({})), known]);
    e["injection_probe"]["value"] = json!({"error": refused});
    let d = diagnose(&serde_json::from_value::<Evidence>(e).unwrap());
    let all = d.root_cause.iter().chain(&d.also).chain(&d.possible).chain(&d.warnings);
    assert!(all.into_iter().all(|f| f.cause != Cause::WebhookMisconfiguredCabundle), "{:#?}", d.root_cause);
}
