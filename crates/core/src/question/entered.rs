//! Objects whose every entry becomes a variable of a container: keys may come from there, and nobody read their names.

use trustwalk_foreign::shell;
use trustwalk_symptoms::Symptom;

use super::Draft;
use super::facts::{Placed, has_web_identity, placed, service_account, wrote};
use super::symptoms::recent;
use crate::evidence::{Container, EnvFrom, LogFailure, Variable, View};
use crate::finding::Confidence;

/// The variables that SDKs take keys from.
const KEYS: [Variable; 2] = [Variable::AwsAccessKeyId, Variable::AwsSecretAccessKey];

/// What keys may come from: an entry of it can have a key's name, and the container does not set that itself, which
/// goes before (Kubernetes API reference, `Container`, `envFrom`). A Secret before a `ConfigMap`.
fn sources(container: &Container) -> Vec<&EnvFrom> {
    let open = |from: &&EnvFrom| {
        KEYS.iter().any(|key| key.name().starts_with(&from.prefix) && !container.has_env(*key)) && !from.name.is_empty()
    };
    let mut all: Vec<&EnvFrom> = container.env_from.iter().filter(open).collect();
    all.sort_by_key(|from| !from.secret);
    all
}

/// The object, as people call it.
fn told(from: &EnvFrom) -> String {
    format!("{} {}", if from.secret { "Secret" } else { "ConfigMap" }, from.name)
}

/// Each container with the identity that takes its variables from such objects, with the first of these.
fn entered<'a>(e: &View<'a>) -> impl Iterator<Item = (Placed<'a>, &'a EnvFrom)> + use<'a> {
    let all = placed(e).filter(|(_, c)| has_web_identity(c));
    all.filter_map(|at| Some((at, sources(at.1).into_iter().next()?)))
}

/// Whether a line shows that its writer acts with keys: they are not known to AWS, sign wrongly, or are a user's.
fn acts_with_keys(line: &LogFailure) -> bool {
    let keys = matches!(line.failure.symptom, Symptom::SecurityTokenInvalid | Symptom::SignatureMismatch);
    keys || line.failure.caller_arn.as_deref().is_some_and(|arn| arn.contains(":user/"))
}

/// The keys that a line shows may come from there.
pub(super) fn keys(e: &View<'_>) -> Option<Draft> {
    let heard = |at: Placed<'_>| recent(e).into_iter().find(|l| wrote(at, l) && acts_with_keys(l));
    let (at, from, line) = entered(e).find_map(|(at, from)| Some((at, from, heard(at)?)))?;
    let object = told(from);
    let namespace = service_account(e).map_or_else(|| "NAMESPACE".to_owned(), |(namespace, _)| namespace);
    let kind = if from.secret { "secret" } else { "configmap" };
    let look = shell::line("kubectl describe {} {} -n {}", &[kind, &from.name, &namespace]);
    let draft = Draft::new(format!(
        "the application acts with keys, and container {} takes every entry of {object} into its environment \
         (envFrom), whose names were not read: SDKs take keys before the injected identity",
        at.1.name
    ))
    .hear(line)
    .show("envFrom", object.clone(), format!("container {}", at.1.name))
    .unsure(
        if from.secret { Confidence::Likely } else { Confidence::Possible },
        format!("whether {object} has AWS_ACCESS_KEY_ID: the names of its entries tell"),
    );
    let title = format!("take the keys out of {object}, or {object} out of the container's envFrom");
    // It shows names and sizes, and no values.
    let way = if from.secret {
        ("kubectl", look)
    } else {
        ("note", "keys do not belong into a ConfigMap: whoever used them, replace them".to_owned())
    };
    Some(draft.cure(title, &[way]))
}

/// What is said where nothing fails: keys may come from there, which was not looked at.
pub(crate) fn not_looked_at(e: &View<'_>) -> Option<String> {
    let (at, from) = entered(e).next()?;
    let mut others: Vec<String> = entered(e).map(|(_, from)| told(from)).filter(|name| *name != told(from)).collect();
    others.dedup();
    let more = if others.is_empty() { String::new() } else { format!(" and {} more", others.len()) };
    Some(format!(
        "container {} takes variables from {}{more} (envFrom), whose names were not read: keys among them would be \
         taken before the identity",
        at.1.name,
        told(from)
    ))
}
