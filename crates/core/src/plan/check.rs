//! What a plan or a receipt may hold. Either may come from a file that somebody else wrote: whatever no plan of
//! trustwalk's would hold is refused before anything is read or written because of it.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use super::action::{Action, MOST_RENEWED, RENEWABLE};
use super::describe::{describe, list, reach};
use super::model::{Effect, Step};
use crate::evidence::injects_identity;

/// Audiences are limited by IAM (IAM API reference, `AddClientIDToOpenIDConnectProvider`, `ClientID`).
const MOST_CLIENT_ID: usize = 255;
/// Thumbprints of a provider (IAM API reference, `UpdateOpenIDConnectProviderThumbprint`).
const MOST_THUMBPRINTS: usize = 5;
/// Audiences of a provider are 100 at most (IAM User Guide, "IAM and AWS STS quotas").
const MOST_CLIENT_IDS: usize = 100;
/// A trust policy's text with white space: the raised quota is 4,096 characters without it.
const MOST_DOCUMENT: usize = 64 << 10;
/// An issuer's URL (IAM API reference, `CreateOpenIDConnectProvider`, `Url`).
const MOST_URL: usize = 255;
/// A DNS name and one of its labels (RFC 1123).
const MOST_NAME: usize = 253;
const MOST_LABEL: usize = 63;
/// An annotation that trustwalk writes: a role's ARN or an audience.
const MOST_VALUE: usize = 2_048;
/// An annotation that was there: all of an object's together (Kubernetes, `TotalAnnotationSizeLimitB`).
const MOST_ANNOTATION: usize = 256 << 10;

/// The annotations that trustwalk writes (amazon-eks-pod-identity-webhook, README).
const ANNOTATIONS: [&str; 4] = [
    "eks.amazonaws.com/role-arn",
    "eks.amazonaws.com/audience",
    "eks.amazonaws.com/sts-regional-endpoints",
    "eks.amazonaws.com/token-expiration",
];
/// The managed policies that trustwalk attaches, by their names under AWS's own account.
const POLICIES: [&str; 3] =
    ["AmazonEKS_CNI_Policy", "service-role/AmazonEBSCSIDriverPolicy", "service-role/AmazonEFSCSIDriverPolicy"];
/// What `kubectl rollout restart` restarts.
const CONTROLLERS: [&str; 3] = ["DaemonSet", "Deployment", "StatefulSet"];

/// What is wrong with a plan or a receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfit {
    /// The member.
    pub what: &'static str,
    /// Its value, or what was found.
    pub found: String,
    /// What it has to be.
    pub must: &'static str,
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found: String = self.found.chars().take(MOST_NAME).collect();
        write!(f, "{} is `{}`, where only {} may stand", self.what, trustwalk_foreign::visible::line(&found), self.must)
    }
}

impl std::error::Error for Unfit {}

fn must(holds: bool, what: &'static str, found: &str, must: &'static str) -> Result<(), Unfit> {
    if holds { Ok(()) } else { Err(Unfit { what, found: found.to_owned(), must }) }
}

/// Whether a step is one that trustwalk itself could have planned: every name in its grammar, and the inverse of
/// the same kind on the same object, with the value that the precondition says was there.
pub fn check_step(step: &Step) -> Result<(), Unfit> {
    let expected = &step.precondition.expected;
    check_action(&step.action)?;
    let fits = match &step.action {
        Action::SetThumbprints { .. } => {
            list(expected).is_some_and(|l| l.len() <= MOST_THUMBPRINTS && l.iter().all(|t| is_thumbprint(t)))
        }
        Action::AddClientId { .. } => list(expected).is_some_and(|l| l.len() <= MOST_CLIENT_IDS),
        Action::CreateProvider { .. } | Action::Associate { association: None, .. } => expected == "absent",
        Action::SetTrustPolicy { .. } => is_document(expected),
        // What was there may be what was wrong with it: a line break, or what cannot be seen.
        Action::Annotate { .. } => expected.len() <= MOST_ANNOTATION,
        Action::AttachPolicy { .. } => expected == "not attached",
        Action::SetWebhook { set, .. } => set.may_have_been(expected),
        Action::Associate { association: Some(_), .. } => is_role_arn(expected),
        Action::Restart { .. } | Action::Renew { .. } => expected.is_empty(),
    };
    must(fits, "precondition.expected", expected, "what such a step replaces")?;
    let written = step.inverse.as_ref();
    let right = step.action.inverse(expected);
    // An annotation that was there and empty was put back as such by an earlier build.
    let emptied = matches!(
        (written, &right),
        (
            Some(Action::Annotate { namespace, service_account, key, value: Some(v) }),
            Some(Action::Annotate { namespace: n, service_account: s, key: k, value: None }),
        ) if v.is_empty() && (namespace, service_account, key) == (n, s, k)
    );
    let found = serde_json::to_string(&written).unwrap_or_default();
    must(
        emptied || written == right.as_ref(),
        "inverse",
        &found,
        "the same action on the same object with what was there",
    )
}

/// Whether every name in an action keeps to the grammar of its kind.
pub fn check_action(action: &Action) -> Result<(), Unfit> {
    let role = |role: &str| must(is_role(role), "role", role, "the name of an IAM role");
    let arn = |arn: &str| must(provider_account(arn).is_some(), "provider_arn", arn, "the ARN of an IAM OIDC provider");
    let prints = |all: &[String]| {
        let fits = all.len() <= MOST_THUMBPRINTS && all.iter().all(|t| is_thumbprint(t));
        must(fits, "thumbprints", &all.join(" "), "up to five thumbprints of 40 hexadecimal digits")
    };
    let audience = |id: &str| must(is_audience(id), "client_id", id, "an audience of visible characters");
    let namespace = |n: &str| must(is_label(n), "namespace", n, "the name of a namespace");
    match action {
        Action::SetThumbprints { provider_arn, thumbprints } => {
            arn(provider_arn)?;
            must(!thumbprints.is_empty(), "thumbprints", "[]", "at least one thumbprint")?;
            prints(thumbprints)
        }
        Action::AddClientId { provider_arn, client_id } => arn(provider_arn).and_then(|()| audience(client_id)),
        Action::CreateProvider { url, client_ids, thumbprints } => {
            must(is_issuer(url), "url", url, "the https URL of an issuer")?;
            must(client_ids.len() <= MOST_CLIENT_IDS, "client_ids", "a longer list", "a hundred audiences")?;
            client_ids.iter().try_for_each(|id| audience(id))?;
            prints(thumbprints)
        }
        Action::SetTrustPolicy { role: name, document } => {
            role(name)?;
            must(is_document(document), "document", document, "a trust policy in JSON, with no member twice")
        }
        Action::Annotate { namespace: n, service_account, key, value } => {
            namespace(n)?;
            must(is_subdomain(service_account), "service_account", service_account, "the name of a service account")?;
            must(ANNOTATIONS.contains(&key.as_str()), "key", key, "an annotation that trustwalk sets")?;
            let value = value.as_deref().unwrap_or_default();
            must(is_value(value), "value", value, "visible characters")
        }
        Action::AttachPolicy { role: name, policy_arn } => {
            role(name)?;
            must(is_policy(policy_arn), "policy_arn", policy_arn, "a managed policy that trustwalk attaches")
        }
        Action::SetWebhook { configuration, webhook, set } => {
            let names = is_subdomain(configuration) && is_subdomain(webhook);
            let ours = names && injects_identity(configuration, webhook);
            must(ours, "webhook", &format!("{configuration} {webhook}"), "a webhook that injects identity")?;
            must(set.is_fit(), set.name(), &set.text(), "certificates in base64, or versions that API servers know")
        }
        Action::Associate { cluster, namespace: n, service_account, role_arn, association } => {
            must(is_cluster(cluster), "cluster", cluster, "the name of an EKS cluster")?;
            namespace(n)?;
            must(is_subdomain(service_account), "service_account", service_account, "the name of a service account")?;
            must(is_role_arn(role_arn), "role_arn", role_arn, "the ARN of a role")?;
            let id = association.as_deref().unwrap_or("a");
            must(is_association(id), "association", id, "the id of a Pod Identity association")
        }
        Action::Restart { resource, namespace: n, name } => {
            must(
                CONTROLLERS.contains(&resource.as_str()),
                "resource",
                resource,
                "DaemonSet, Deployment or StatefulSet",
            )?;
            namespace(n)?;
            must(is_subdomain(name), "name", name, "the name of a workload")
        }
        Action::Renew { resource, namespace: n, name, pods } => {
            let known = RENEWABLE.contains(&resource.as_str());
            must(known, "resource", resource, "a controller that replaces its pods")?;
            namespace(n)?;
            must(is_subdomain(name), "name", name, "the name of a workload")?;
            let some = (1..=MOST_RENEWED).contains(&pods.len());
            must(some, "pods", &format!("a list of {}", pods.len()), "one pod to five hundred")?;
            pods.iter().try_for_each(|p| {
                must(is_subdomain(&p.name), "pods.name", &p.name, "the name of a pod")?;
                must(is_uid(&p.uid), "pods.uid", &p.uid, "the UID of a pod")
            })
        }
    }
}

/// Replaces every word of a step with what its action says of itself.
pub(super) fn reworded(step: &mut Step) {
    let told = describe(&step.action, &step.precondition.expected);
    step.precondition.words = told.place;
    // Whom a change went past follows from nothing that a receipt holds: it is that receipt's word, cut to a line.
    let past = step.effect.past.take().map(|p| trustwalk_foreign::visible::line(&p).chars().take(MOST_NAME).collect());
    step.effect = Effect { words: told.words, changes: told.changes, blast_radius: reach(&step.action), past };
    step.inverse = step.action.inverse(&step.precondition.expected);
}

/// The account of an OIDC provider's ARN; `None` for what is none.
pub fn provider_account(arn: &str) -> Option<&str> {
    let mut parts = arn.splitn(6, ':');
    let (head, partition, service, region) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let (account, rest) = (parts.next()?, parts.next()?);
    let fits = head == "arn" && is_partition(partition) && service == "iam" && region.is_empty() && is_account(account);
    let url = rest.strip_prefix("oidc-provider/")?;
    (fits && is_host_and_path(url)).then_some(account)
}

/// The account of a role's ARN.
pub(super) fn role_account(arn: &str) -> Option<&str> {
    arn.split(':').nth(4).filter(|_| is_role_arn(arn))
}

/// EKS API reference, `CreateCluster`, `name`.
fn is_cluster(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric();
    (1..=100).contains(&name.len())
        && name.bytes().next().is_some_and(plain)
        && name.bytes().all(|b| plain(b) || b"-_".contains(&b))
}

/// `a-` and letters, as EKS gives them (EKS User Guide, "Assign an IAM role to a Kubernetes service account").
pub(super) fn is_association(id: &str) -> bool {
    (1..=MOST_NAME).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// Twelve digits.
pub(super) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

fn is_partition(text: &str) -> bool {
    text.starts_with("aws") && text.len() < MOST_LABEL && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
}

fn is_policy(arn: &str) -> bool {
    let Some((partition, name)) = arn.strip_prefix("arn:").and_then(|a| a.split_once(":iam::aws:policy/")) else {
        return false;
    };
    is_partition(partition) && POLICIES.contains(&name)
}

/// A role's ARN, path and all.
pub(super) fn is_role_arn(arn: &str) -> bool {
    let mut parts = arn.splitn(6, ':');
    let head = [parts.next(), parts.next(), parts.next(), parts.next()].map(Option::unwrap_or_default);
    let (account, rest) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let [arn, partition, service, region] = head;
    let Some(path) = rest.strip_prefix("role/") else { return false };
    let fits = arn == "arn" && is_partition(partition) && service == "iam" && region.is_empty() && is_account(account);
    fits && path.len() <= MOST_VALUE && path.split('/').all(is_role)
}

/// IAM API reference, `RoleName`.
fn is_role(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b))
}

fn is_thumbprint(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

fn is_audience(text: &str) -> bool {
    (1..=MOST_CLIENT_ID).contains(&text.len()) && is_value(text)
}

fn is_value(text: &str) -> bool {
    text.len() <= MOST_VALUE && !text.chars().any(trustwalk_foreign::visible::is_hidden)
}

/// An issuer's URL as IAM takes it: https, a host, perhaps a path, no query.
fn is_issuer(url: &str) -> bool {
    url.len() <= MOST_URL && url.strip_prefix("https://").is_some_and(is_host_and_path)
}

fn is_host_and_path(text: &str) -> bool {
    let (host, path) = text.split_once('/').unwrap_or((text, ""));
    let plain = |b: u8, more: &[u8]| b.is_ascii_alphanumeric() || more.contains(&b);
    !host.is_empty() && host.bytes().all(|b| plain(b, b".-:_")) && path.bytes().all(|b| plain(b, b"._~/%+=@:-"))
}

fn is_document(text: &str) -> bool {
    text.len() <= MOST_DOCUMENT
        && text.trim_start().starts_with('{')
        && serde_json::from_str::<Unambiguous>(text).is_ok()
}

/// Whether no object of a JSON text has two members of the same name.
pub(super) fn is_unambiguous(text: &[u8]) -> bool {
    serde_json::from_slice::<Unambiguous>(text).is_ok()
}

/// JSON that says nothing twice. Of two members of one name some readers take the first and some the last (RFC 8259,
/// 4): what is shown of such a document may not be what IAM makes of it.
struct Unambiguous;

impl<'de> Deserialize<'de> for Unambiguous {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        reader.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Unambiguous {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without members of the same name")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self, A::Error> {
        let mut names = BTreeSet::new();
        while let Some((name, Self)) = map.next_entry::<String, Self>()? {
            if !names.insert(name) {
                return Err(A::Error::custom("two members of the same name"));
            }
        }
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut all: A) -> Result<Self, A::Error> {
        while let Some(Self) = all.next_element()? {}
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }
}

/// A UID: opaque to clients, and a UUID in every release (Kubernetes documentation, "Object Names and IDs").
fn is_uid(text: &str) -> bool {
    (1..=MOST_LABEL).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

/// RFC 1123, as Kubernetes takes it for namespaces.
pub fn is_label(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let ends = |b: Option<&u8>| b.is_some_and(|b| plain(*b));
    let bytes = text.as_bytes();
    text.len() <= MOST_LABEL
        && ends(bytes.first())
        && ends(bytes.last())
        && bytes.iter().all(|b| plain(*b) || *b == b'-')
}

/// Labels with dots between, as Kubernetes takes them for most names.
pub fn is_subdomain(text: &str) -> bool {
    text.len() <= MOST_NAME
        && text.split('.').all(|label| {
            let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
            let bytes = label.as_bytes();
            let ends = |b: Option<&u8>| b.is_some_and(|b| plain(*b));
            ends(bytes.first()) && ends(bytes.last()) && bytes.iter().all(|b| plain(*b) || *b == b'-')
        })
}
