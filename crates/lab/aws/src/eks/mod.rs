//! EKS: its doors, by method and path (EKS API reference). What is asked for is done at once: a cluster is active, an
//! update successful, as soon as the call has answered.

mod access;
mod addons;
mod associations;
mod clusters;
mod groups;
mod identity_providers;
mod kept;
mod login;
mod updates;
mod versions;
mod whom;

pub(crate) use associations::association_arn;
pub(crate) use kept::Beside;
pub use login::Login;
pub use whom::AccessPolicy;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::account::Account;
use crate::language::Keys;
use crate::outcome::AwsFault;
use crate::query::{Parameters, segments};
use crate::sigv4::{Caller, Signed};
use crate::state::{Cluster, State, Touched};

/// What an operation answers.
type Answer = Result<Value, AwsFault>;

/// A request, with what every operation asks of it.
pub(crate) struct Desk<'a> {
    account: &'a Account,
    caller: &'a Caller,
    request: &'a Signed<'a>,
    /// The body, null when there is none.
    sent: Value,
}

/// Routes by method and path.
pub(crate) fn call(account: &Account, caller: &Caller, request: &Signed<'_>) -> Answer {
    let sent: Value = match request.body {
        [] => Value::Null,
        body => serde_json::from_slice(body).map_err(|_| invalid("the body is not JSON"))?,
    };
    let desk = Desk { account, caller, request, sent };
    let path = segments(request.path);
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    match (request.method, path.as_slice()) {
        ("GET", ["clusters"]) => clusters::list(&desk),
        ("POST", ["clusters"]) => clusters::create(&desk),
        ("GET", ["cluster-versions"]) => versions::clusters(&desk),
        ("GET", ["addons", "supported-versions"]) => versions::addons(&desk),
        ("GET", ["addons", "configuration-schemas"]) => versions::configuration(&desk),
        ("GET", ["access-policies"]) => access::policies(&desk),
        (method, ["tags", arn]) => desk.tags(method, arn),
        (method, ["clusters", name, rest @ ..]) => {
            let answer = match rest.split_first() {
                None => clusters::one(&desk, method, name),
                Some((&("update-config" | "updates"), _)) if method == "POST" => clusters::update(&desk, name, rest),
                Some((&"updates", rest)) => updates::call(&desk, method, name, rest),
                Some((&"addons", rest)) => addons::call(&desk, method, name, rest),
                Some((&"pod-identity-associations", rest)) => associations::call(&desk, method, name, rest),
                Some((&"access-entries", rest)) => access::call(&desk, method, name, rest),
                Some((&"node-groups", rest)) => groups::call(&desk, method, name, rest),
                Some((&"identity-provider-configs", rest)) => identity_providers::call(&desk, method, name, rest),
                Some(_) => None,
            };
            answer.unwrap_or_else(|| Err(desk.no_route()))
        }
        _ => Err(desk.no_route()),
    }
}

/// `InvalidParameterException`, 400.
fn invalid(text: impl Into<String>) -> AwsFault {
    AwsFault::new(400, "InvalidParameterException", text)
}

/// `ResourceNotFoundException`, 404.
fn missing(text: impl Into<String>) -> AwsFault {
    AwsFault::new(404, "ResourceNotFoundException", text)
}

/// `ResourceInUseException`, 409.
fn in_use(text: impl Into<String>) -> AwsFault {
    AwsFault::new(409, "ResourceInUseException", text)
}

fn no_cluster(name: &str) -> AwsFault {
    missing(format!("No cluster found for name: {name}."))
}

/// A time as EKS writes it: seconds since 1970, milliseconds behind the point.
#[expect(clippy::cast_precision_loss, reason = "milliseconds of this millennium are exact")]
fn time(t: jiff::Timestamp) -> Value {
    json!(t.as_millisecond() as f64 / 1000.0)
}

impl Desk<'_> {
    fn no_route(&self) -> AwsFault {
        let text = format!("the lab's EKS has no {} {}", self.request.method, self.request.path);
        AwsFault::new(404, "NotFoundException", text)
    }

    /// An ARN of EKS's: `cluster/NAME`, `addon/CLUSTER/NAME/ID`, ….
    fn arn(&self, resource: &str) -> String {
        arn(self.account, resource)
    }

    /// Refuses unless the caller may do this to a resource of EKS's; tags of the request and of the resource are keys.
    fn may(&self, action: &str, resource: &str) -> Result<(), AwsFault> {
        let on = self.arn(resource);
        let mut keys = Keys::new();
        for (key, value) in self.sent_tags() {
            keys.insert(format!("aws:requesttag/{}", key.to_ascii_lowercase()), vec![value]);
        }
        let all: Vec<String> = self.sent_tags().into_keys().collect();
        keys.insert("aws:tagkeys".to_owned(), all);
        for (key, value) in self.account.state().eks_tags.get(&on).into_iter().flatten() {
            keys.insert(format!("aws:resourcetag/{}", key.to_ascii_lowercase()), vec![value.clone()]);
        }
        let allowed = self.account.authorise_with(self.caller, &format!("eks:{action}"), &on, &keys);
        allowed.map_err(AwsFault::excepting)
    }

    /// EKS hands roles on, so whoever asks needs to be allowed to (EKS User Guide, "Identity-based policy examples for
    /// Amazon EKS"; `iam:PassedToService` is a key of it).
    fn may_pass(&self, role: &str, service: &str) -> Result<(), AwsFault> {
        let keys = Keys::from([("iam:passedtoservice".to_owned(), vec![service.to_owned()])]);
        let allowed = self.account.authorise_with(self.caller, "iam:PassRole", role, &keys);
        allowed.map_err(AwsFault::excepting)
    }

    /// A cluster as it is now.
    fn cluster(&self, name: &str) -> Result<Cluster, AwsFault> {
        self.account.state().clusters.get(name).cloned().ok_or_else(|| no_cluster(name))
    }

    /// What is kept of a cluster besides.
    fn beside(&self, name: &str) -> Beside {
        self.account.state().beside.get(name).cloned().unwrap_or_default()
    }

    /// Changes what is kept of a cluster besides.
    fn change<T>(&self, name: &str, change: impl FnOnce(&mut Beside) -> T) -> T {
        let mut state = self.account.state();
        let State { beside, .. } = &mut *state;
        change(beside.entry(name.to_owned()).or_default())
    }

    /// Who may use a cluster: `API`, `API_AND_CONFIG_MAP` or `CONFIG_MAP` (EKS User Guide, "Set up access entries").
    fn mode(&self, cluster: &str) -> Result<String, AwsFault> {
        self.cluster(cluster)?;
        let beside = self.beside(cluster);
        let said = beside.settings.get("accessConfig").and_then(|access| access.get("authenticationMode")?.as_str());
        Ok(said.unwrap_or("API_AND_CONFIG_MAP").to_owned())
    }

    /// A text of the body.
    fn text(&self, member: &str) -> Option<&str> {
        self.sent.get(member).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// A text of the body that must be there.
    fn required(&self, member: &str) -> Result<&str, AwsFault> {
        self.text(member).ok_or_else(|| invalid(format!("{member} is required")))
    }

    /// A parameter of the query.
    fn asked(&self, name: &str) -> Option<String> {
        Parameters::parse(self.request.query).get(name).map(str::to_owned)
    }

    /// Tags of the body.
    fn sent_tags(&self) -> BTreeMap<String, String> {
        let all = self.sent.get("tags").and_then(Value::as_object).into_iter().flatten();
        all.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
    }

    /// Gives a resource the tags of the body.
    fn tag(&self, arn: &str) {
        let tags = self.sent_tags();
        if !tags.is_empty() {
            self.account.state().eks_tags.insert(arn.to_owned(), tags);
        }
    }

    /// Tags of a resource, as answers have them.
    fn tags_of(&self, arn: &str) -> Value {
        json!(self.account.state().eks_tags.get(arn).cloned().unwrap_or_default())
    }

    /// Reads, adds and takes away tags (EKS API reference, `ListTagsForResource`, `TagResource`, `UntagResource`).
    fn tags(&self, method: &str, arn: &str) -> Answer {
        let (action, what) = match method {
            "GET" => ("ListTagsForResource", None),
            "POST" => ("TagResource", Some(true)),
            "DELETE" => ("UntagResource", Some(false)),
            _ => return Err(self.no_route()),
        };
        let prefix = self.arn("");
        let resource =
            arn.strip_prefix(&prefix).ok_or_else(|| AwsFault::new(400, "BadRequestException", "Invalid ARN"))?;
        self.may(action, resource)?;
        // Each is a cluster or something of one's. The code is the reference's, the words are own.
        let cluster = resource.split('/').nth(1).unwrap_or_default();
        if self.cluster(cluster).is_err() {
            return Err(AwsFault::new(404, "NotFoundException", format!("The resource {arn} cannot be found.")));
        }
        match what {
            None => return Ok(json!({"tags": self.tags_of(arn)})),
            Some(true) => {
                let new = self.sent_tags();
                self.account.state().eks_tags.entry(arn.to_owned()).or_default().extend(new);
            }
            Some(false) => {
                let keys = self.request.query.split('&').filter_map(|pair| pair.strip_prefix("tagKeys="));
                let keys: Vec<String> = keys.map(|key| crate::query::decode(&key.replace('+', " "))).collect();
                self.account.state().eks_tags.entry(arn.to_owned()).or_default().retain(|key, _| !keys.contains(key));
            }
        }
        self.record(action, cluster);
        Ok(json!({}))
    }

    /// Writes a change of a cluster down in the trail.
    fn record(&self, action: &str, cluster: &str) {
        self.record_of(action, cluster, None);
    }

    /// Writes a change of something in a cluster down.
    fn record_of(&self, action: &str, cluster: &str, thing: Option<(&'static str, &str)>) {
        let about = thing.into_iter().chain([("AWS::EKS::Cluster", cluster)]);
        let about = about.map(|(kind, name)| Touched { kind: kind.into(), name: name.to_owned() }).collect();
        let mut asked = self.sent.clone();
        if let Some(asked) = asked.as_object_mut() {
            asked.insert("name".to_owned(), json!(cluster));
            asked.extend(
                thing.filter(|(kind, _)| *kind == "AWS::EKS::Addon").map(|(_, n)| ("addonName".to_owned(), json!(n))),
            );
        }
        crate::trail::called(self.account, self.caller, ("eks.amazonaws.com", action), about, asked, None);
    }

    /// One page of a list: `maxResults` from 1 to 100, `nextToken` (EKS API reference).
    fn page(&self, list: &str, items: Vec<Value>) -> Answer {
        const MOST: usize = 100;
        let most = match self.asked("maxResults") {
            None => MOST,
            Some(n) => n
                .parse()
                .ok()
                .filter(|n| (1..=MOST).contains(n))
                .ok_or_else(|| invalid("maxResults must be from 1 to 100"))?,
        };
        let from: usize = match self.asked("nextToken").filter(|t| !t.is_empty()) {
            None => 0,
            Some(t) => t.parse().map_err(|_| invalid("nextToken is not one of this list"))?,
        };
        let end = from.saturating_add(most);
        let next = (items.len() > end).then(|| json!(end.to_string()));
        let shown: Vec<Value> = items.into_iter().skip(from).take(most).collect();
        let mut answer = serde_json::Map::from_iter([(list.to_owned(), Value::Array(shown))]);
        answer.extend(next.map(|token| ("nextToken".to_owned(), token)));
        Ok(Value::Object(answer))
    }
}

/// An ARN of EKS's.
pub(crate) fn arn(account: &Account, resource: &str) -> String {
    let c = &account.config;
    format!("arn:{}:eks:{}:{}:{resource}", c.partition, c.region, c.account_id)
}
