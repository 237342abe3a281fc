//! Holding evidence to the lists of what is kept, and taking secrets out of all foreign text in it.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use trustwalk_foreign::redact;
use trustwalk_x509::parse_any;

use super::clean::is_clean;
use super::fields::shared_fields;
use super::kept::{VERBATIM, WITHHELD, annotations, labels as labels_kept, tags};
use super::{
    CiJob, Discovery, Evidence, HostChain, Keys, NetworkPolicy, Observed, PodIdentityAssociation, PodSpec, Provider,
    Role, RolePolicy, Run, ServiceAccount, Shared, Target, TrailEvent, Webhook, blank,
};

/// Evidence with what questions ask for and all foreign text of it redacted. What was settled once is not changed by
/// being settled again.
#[must_use]
pub fn settled(all: Vec<Evidence>) -> Vec<Evidence> {
    let mut settler = Settler::default();
    all.into_iter().map(|one| settler.settle(one)).collect()
}

/// Settles identities one after the other, and what several of them share once.
#[derive(Debug)]
pub struct Settler {
    blank: Evidence,
    shared: SharedOnce,
    /// Labels that webhooks' selectors ask for, by the run that tells them.
    labels: Vec<(Shared<Run>, Vec<String>)>,
}

impl Default for Settler {
    fn default() -> Self {
        Self { blank: blank(), shared: SharedOnce::default(), labels: Vec::new() }
    }
}

impl Settler {
    /// One identity as it may be kept.
    #[must_use]
    pub fn settle(&mut self, mut one: Evidence) -> Evidence {
        let known = self.labels.iter().position(|(run, _)| run.is(&one.run));
        let at = known.unwrap_or_else(|| {
            self.labels.push((one.run.clone(), one.run.labels_asked_for()));
            self.labels.len() - 1
        });
        let shared = self.shared.take(&self.blank, &mut one);
        one.settle(self.labels.get(at).map_or(&[], |(_, labels)| labels.as_slice()));
        shared.give(&mut one);
        one
    }
}

/// What was settled of what stands in one table.
#[derive(Debug)]
struct Once<T> {
    /// As it was and as it may be kept, by where in memory it stood: it stands there as long as this does.
    known: BTreeMap<usize, [Shared<T>; 2]>,
}

impl<T> Default for Once<T> {
    fn default() -> Self {
        Self { known: BTreeMap::new() }
    }
}

impl<T: Settle + Clone + PartialEq> Once<T> {
    fn settled(&mut self, mut of: Shared<T>) -> Shared<T> {
        if of.is_alone() {
            // Nobody asks for it again, so that it is not remembered either.
            of.settle();
            return of;
        }
        if let Some([_, kept]) = self.known.get(&of.place()) {
            return kept.clone();
        }
        let mut own = T::clone(&of);
        own.settle();
        // What was as it may be kept stands once for all who have it.
        let kept = if own == *of { of.clone() } else { Shared::from(own) };
        self.known.insert(of.place(), [of, kept.clone()]);
        kept
    }
}

macro_rules! once {
    ($($(#[doc = $words:literal])+ $table:ident: $type:ty = $($field:ident),+;)+) => {
        /// What was settled of what identities share.
        #[derive(Debug, Default)]
        struct SharedOnce {
            $($table: Once<$type>,)+
        }

        /// What one identity shares, as it may be kept.
        struct Kept {
            $($($field: Shared<$type>,)+)+
        }

        impl SharedOnce {
            /// Takes out of one identity what it shares.
            fn take(&mut self, blank: &Evidence, one: &mut Evidence) -> Kept {
                Kept { $($($field: {
                    self.$table.settled(std::mem::replace(&mut one.$field, blank.$field.clone()))
                },)+)+ }
            }
        }

        impl Kept {
            fn give(self, one: &mut Evidence) {
                $($(one.$field = self.$field;)+)+
            }
        }
    };
}

shared_fields!(once);

impl Evidence {
    fn settle(&mut self, labels: &[String]) {
        if let Some(workload) = self.workload.known_mut() {
            keep(&mut workload.template, labels);
            workload.labels = labels_kept(std::mem::take(&mut workload.labels));
            workload.annotations = annotations(std::mem::take(&mut workload.annotations));
        }
        for pod in self.pods.known_mut().into_iter().flatten() {
            keep(&mut pod.spec, labels);
        }
        if let Some(account) = self.service_account.known_mut() {
            account.annotations = annotations(std::mem::take(&mut account.annotations));
            account.labels = labels_kept(std::mem::take(&mut account.labels));
        }
        self.job = std::mem::take(&mut self.job).map(CiJob::kept);
        for (name, value) in self.token.known_mut().into_iter().flat_map(|token| &mut token.claims) {
            if announces(name, value) {
                WITHHELD.clone_into(value);
            }
        }
        redact_all(self, || Self { target: Target::Log { name: WITHHELD.to_owned(), identity: None }, ..blank() });
    }
}

/// A thing that identities share, as it may be kept.
trait Settle: Serialize + DeserializeOwned + Default {
    fn settle(&mut self) {
        redact_all(self, Self::default);
    }
}

impl Settle for Observed<Vec<NetworkPolicy>> {}
impl Settle for Observed<Vec<RolePolicy>> {}
impl Settle for Observed<Discovery> {}
impl Settle for Observed<Keys> {}
impl Settle for Observed<Vec<TrailEvent>> {}

impl Settle for Run {
    fn settle(&mut self) {
        // Certificates are public, large, and look random.
        let roots = std::mem::take(&mut self.roots);
        let taken: Vec<_> = self.webhooks.known_mut().into_iter().flatten().map(bundles).collect();
        redact_all(self, Self::default);
        self.roots = roots;
        for (hook, (bundle, authority)) in self.webhooks.known_mut().into_iter().flatten().zip(taken) {
            hook.ca_bundle = bundle;
            if let Some(own) = &mut hook.authority {
                own.bundle = authority;
            }
        }
    }
}

/// Takes out the certificates of a webhook. What is none is not kept.
fn bundles(hook: &mut Webhook) -> (String, String) {
    let certificates = |text: &mut String| {
        let one = std::mem::take(text);
        let read = STANDARD.decode(&one).is_ok_and(|pem| parse_any(&pem).is_ok());
        if read { one } else { String::new() }
    };
    (
        certificates(&mut hook.ca_bundle),
        hook.authority.as_mut().map(|a| certificates(&mut a.bundle)).unwrap_or_default(),
    )
}

impl Settle for Vec<Observed<HostChain>> {
    fn settle(&mut self) {
        let take = |c: &mut Observed<HostChain>| c.known_mut().map(|c| std::mem::take(&mut c.chain));
        let certificates: Vec<_> = self.iter_mut().map(take).collect();
        redact_all(self, Self::default);
        for (chain, certificates) in self.iter_mut().zip(certificates) {
            if let (Some(chain), Some(certificates)) = (chain.known_mut(), certificates) {
                chain.chain = certificates;
            }
        }
    }
}

impl Settle for Observed<Vec<ServiceAccount>> {
    fn settle(&mut self) {
        for account in self.known_mut().into_iter().flatten() {
            account.annotations = annotations(std::mem::take(&mut account.annotations));
            account.labels = labels_kept(std::mem::take(&mut account.labels));
        }
        redact_all(self, Self::default);
    }
}

impl Settle for Observed<Provider> {
    fn settle(&mut self) {
        if let Some(provider) = self.known_mut() {
            provider.tags = tags(std::mem::take(&mut provider.tags));
        }
        redact_all(self, Self::default);
    }
}

impl Settle for Observed<Role> {
    fn settle(&mut self) {
        if let Some(role) = self.known_mut() {
            role.tags = tags(std::mem::take(&mut role.tags));
        }
        redact_all(self, Self::default);
    }
}

impl Settle for Observed<Vec<Role>> {
    fn settle(&mut self) {
        for role in self.known_mut().into_iter().flatten() {
            role.tags = tags(std::mem::take(&mut role.tags));
        }
        redact_all(self, Self::default);
    }
}

impl Settle for Observed<Vec<PodIdentityAssociation>> {
    fn settle(&mut self) {
        for association in self.known_mut().into_iter().flatten() {
            association.tags = tags(std::mem::take(&mut association.tags));
        }
        redact_all(self, Self::default);
    }
}

impl Run {
    /// Labels that the webhooks' selectors ask for.
    fn labels_asked_for(&self) -> Vec<String> {
        let hooks = self.webhooks.known().into_iter().flatten();
        let selectors = hooks.flat_map(|h| &h.excludes).filter_map(|text| {
            let (_, selector) = text.split_once(' ')?;
            serde_json::from_str::<Value>(selector).ok()
        });
        let mut keys = Vec::new();
        for selector in selectors {
            let wanted = selector.get("matchLabels").and_then(Value::as_object);
            keys.extend(wanted.into_iter().flatten().map(|(key, _)| key.clone()));
            let expressions = selector.get("matchExpressions").and_then(Value::as_array);
            let named = expressions.into_iter().flatten().filter_map(|e| e.get("key")?.as_str());
            keys.extend(named.map(str::to_owned));
        }
        keys
    }
}

fn keep(spec: &mut PodSpec, labels: &[String]) {
    spec.annotations = annotations(std::mem::take(&mut spec.annotations));
    spec.labels.retain(|key, _| labels.contains(key));
}

/// Redacts every text of a thing but what is [`VERBATIM`]. What could not be redacted is not kept.
fn redact_all<T: Serialize + DeserializeOwned>(thing: &mut T, bare: impl FnOnce() -> T) {
    if is_clean(thing) {
        return;
    }
    let redacted = serde_json::to_value(&*thing).and_then(|mut value| {
        texts(&mut value);
        serde_json::from_value(value)
    });
    // A text is a text before and after: what was read as this is this again.
    *thing = redacted.unwrap_or_else(|_| bare());
}

/// Whether a name says of its value that it is secret, as `password` does, which the value does not say itself.
fn announces(name: &str, value: &str) -> bool {
    let pair = format!("{name}={value}");
    redact(value) == value && redact(&pair) != pair
}

fn texts(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let std::borrow::Cow::Owned(redacted) = redact(text) {
                *text = redacted;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(texts),
        Value::Object(members) => {
            members.iter_mut().filter(|(name, _)| !VERBATIM.contains(&name.as_str())).for_each(|(_, v)| texts(v));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_settled_stays_as_it_is() {
        let mut evidence = Evidence::new(Target::Job { name: "token=canary1".to_owned() }, 7);
        evidence.chains.push(Observed::NotCollected { reason: "password: canary1".to_owned() });
        evidence.roots.library.push("QUJD".repeat(40));
        let once = settled(vec![evidence]);
        assert!(!serde_json::to_string(&once).unwrap().contains("canary1"));
        assert_eq!(once[0].roots.library.len(), 1);
        assert_eq!(settled(once.clone()), once);
    }
}
