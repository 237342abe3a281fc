//! From a diagnosis to a plan: the cure's actions, with what must still hold and what undoes them.

use serde_json::json;

use super::model::{Action, Applicability, Effect, Plan, Precondition, Step};
use crate::diagnosis::Diagnosis;
use crate::evidence::{Evidence, Target};

/// Format of plans.
const VERSION: u32 = 1;
/// IAM's limit (IAM API reference, `thumbprintListType`).
const MAX_THUMBPRINTS: usize = 5;
/// Words in tags by which infrastructure tools sign what they own.
const SIGNATURES: [(&str, &str); 4] =
    [("terraform", "Terraform"), ("cloudformation", "CloudFormation"), ("eksctl", "eksctl"), ("kops", "kOps")];

/// Builds the plan that cures the root cause.
pub fn build(evidence: &Evidence, diagnosis: &Diagnosis) -> Plan {
    let Some(root) = &diagnosis.root_cause else {
        return Plan { version: VERSION, made: evidence.now, cures: String::new(), steps: Vec::new(), notes: Vec::new() };
    };
    let actions = root.cures.iter().find(|c| !c.actions.is_empty()).map(|c| c.actions.clone()).unwrap_or_default();
    let mut notes = Vec::new();
    let mut steps: Vec<Step> = Vec::new();
    for action in actions {
        match refuse(&action) {
            Some(why) => notes.push(why),
            None => steps.extend(step(evidence, action)),
        }
    }
    let restarts = steps.iter().any(|s| matches!(s.action, Action::Restart { .. }));
    if !steps.is_empty() && !restarts {
        steps.extend(restart(evidence));
    }
    notes.extend(owned_by(evidence));
    if !diagnosis.also.is_empty() {
        let names: Vec<&str> = diagnosis.also.iter().map(|f| f.name.as_str()).collect();
        notes.push(format!("also broken, and not cured by this plan: {}", names.join(", ")));
    }
    Plan { version: VERSION, made: evidence.now, cures: format!("{} {}", root.code, root.name), steps, notes }
}

/// The plan linter: steps that widen trust are never taken.
fn refuse(action: &Action) -> Option<String> {
    match action {
        Action::SetThumbprints { thumbprints, .. } if thumbprints.is_empty() || thumbprints.len() > MAX_THUMBPRINTS => {
            Some(format!("IAM takes one to {MAX_THUMBPRINTS} thumbprints; a person must choose which to keep"))
        }
        Action::SetTrustPolicy { document, .. } if widens(document) => {
            Some("the policy that would cure this trusts everybody; a person must narrow it".to_owned())
        }
        Action::SetThumbprints { .. }
        | Action::AddClientId { .. }
        | Action::CreateProvider { .. }
        | Action::SetTrustPolicy { .. }
        | Action::Annotate { .. }
        | Action::AttachPolicy { .. }
        | Action::Restart { .. } => None,
    }
}

/// Whether a trust policy allows everybody, or any subject at all.
fn widens(document: &str) -> bool {
    let Ok(value) = serde_json::from_str::<serde_json::Value>(document) else { return true };
    let statements = match value.get("Statement") {
        Some(serde_json::Value::Array(all)) => all.clone(),
        Some(one) => vec![one.clone()],
        None => return true,
    };
    statements.iter().any(|s| {
        let allow = s.get("Effect").and_then(serde_json::Value::as_str) == Some("Allow");
        let open = s.get("Principal").is_some_and(|p| p == "*" || p.get("Federated").is_some_and(|f| f == "*"));
        allow && open
    })
}

fn step(e: &Evidence, action: Action) -> Option<Step> {
    let list = |items: &[String]| json!(items).to_string();
    let provider = e.provider.known();
    let (words, expected, what, blast, inverse) = match &action {
        Action::SetThumbprints { provider_arn, thumbprints } => {
            let old = provider.map(|p| p.thumbprints.clone()).unwrap_or_default();
            let words = format!("thumbprints of {provider_arn}: {} to {}", old.join(", "), thumbprints.join(", "));
            let undo = Action::SetThumbprints { provider_arn: provider_arn.clone(), thumbprints: old.clone() };
            (words, list(&old), "the provider's thumbprint list", "every role that trusts this provider", Some(undo))
        }
        Action::AddClientId { provider_arn, client_id } => {
            let old = provider.map(|p| p.client_ids.clone()).unwrap_or_default();
            let words = format!("register audience {client_id} with {provider_arn}");
            (words, list(&old), "the provider's audiences", "every role that trusts this provider: tokens for this audience are read", None)
        }
        Action::CreateProvider { url, client_ids, .. } => {
            let words = format!("register OIDC provider {url} for {}", client_ids.join(", "));
            (words, "absent".to_owned(), "that the account has no such provider", "roles whose trust policy names it", None)
        }
        Action::SetTrustPolicy { role, document } => {
            let old = e.role.known().map(|r| r.trust_policy.clone()).unwrap_or_default();
            let words = format!("trust policy of role {role} becomes {document}");
            let undo = Action::SetTrustPolicy { role: role.clone(), document: old.clone() };
            (words, old, "the role's trust policy", "whoever assumes this role", Some(undo))
        }
        Action::Annotate { namespace, service_account, key, value } => {
            let old = e.service_account.known().and_then(|s| s.annotations.get(key).cloned());
            let words = format!(
                "annotation {key} of serviceaccount {namespace}/{service_account}: {} to {}",
                old.as_deref().unwrap_or("none"),
                value.as_deref().unwrap_or("none")
            );
            let undo = Action::Annotate {
                namespace: namespace.clone(),
                service_account: service_account.clone(),
                key: key.clone(),
                value: old.clone(),
            };
            (words, old.unwrap_or_default(), "the annotation", "pods of this service account made from now on", Some(undo))
        }
        Action::AttachPolicy { role, policy_arn } => {
            let words = format!("attach {policy_arn} to role {role}");
            (words, "not attached".to_owned(), "that the policy is not attached", "whoever assumes this role", None)
        }
        Action::Restart { resource, namespace, name } => {
            let words = format!("restart {} {namespace}/{name}", resource.to_ascii_lowercase());
            (words, String::new(), "", "its pods, in the order of its update strategy", None)
        }
    };
    Some(Step {
        precondition: Precondition { words: what.to_owned(), expected },
        effect: Effect { words, blast_radius: blast.to_owned() },
        action,
        inverse,
        applicability: Applicability::NeedsApproval,
    })
}

/// Pods that wait in back-off, or were made before the cure could reach them, are made anew.
fn restart(e: &Evidence) -> Option<Step> {
    let Target::Workload { resource, namespace, name } = &e.target else { return None };
    let restartable = ["DaemonSet", "Deployment", "StatefulSet"].contains(&resource.as_str());
    let needs = e.pods.known().is_some_and(|pods| pods.iter().any(|p| !p.ready || !injected(p)));
    (restartable && needs)
        .then(|| Action::Restart { resource: resource.clone(), namespace: namespace.clone(), name: name.clone() })
        .and_then(|action| step(e, action))
}

fn injected(pod: &crate::evidence::Pod) -> bool {
    pod.spec.containers.iter().any(|c| c.has_env("AWS_WEB_IDENTITY_TOKEN_FILE"))
}

/// What infrastructure-as-code would put back.
fn owned_by(e: &Evidence) -> Vec<String> {
    let provider = e.provider.known().map(|p| (p.arn.clone(), p.tags.clone()));
    let role = e.role.known().map(|r| (r.arn.clone(), r.tags.clone()));
    provider
        .into_iter()
        .chain(role)
        .filter_map(|(what, tags)| {
            let text = tags.iter().map(|(k, v)| format!("{k} {v} ").to_lowercase()).collect::<String>();
            let (_, tool) = SIGNATURES.iter().find(|(word, _)| text.contains(word))?;
            Some(format!("{what} is tagged as {tool}'s: make the same change there, or its next run takes this one back"))
        })
        .collect()
}
