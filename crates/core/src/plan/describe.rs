//! An action in words, and what undoes it: computed from the action and from what it replaces, for plans and for
//! receipts alike, so that what is shown is what will be done, whoever wrote the file.

use serde_json::json;
use trustwalk_trust_policy::{Document, SaveContext};

use super::action::Action;
use super::changes;
use super::model::Step;

/// The most characters that an account may have raised its quota of trust policies to (IAM User Guide, "IAM and
/// AWS STS quotas").
const RAISED_QUOTA: usize = 4_096;

/// What a step is about and what it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// The thing that is changed.
    pub place: String,
    /// What is done to it.
    pub words: String,
    /// What changes, line by line: `- ` goes, `+ ` comes, two spaces stay.
    pub changes: Vec<String>,
}

/// Whether and how a step is undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undoing {
    /// By an action of the same kind on the same object, which puts back what was there.
    Restore(Action),
    /// By taking away what was added.
    TakeAway,
    /// Nothing need be undone.
    Nothing,
    /// It cannot be undone, and why.
    Impossible(String),
}

/// Reads a list that a precondition expects.
pub(super) fn list(expected: &str) -> Option<Vec<String>> {
    serde_json::from_str(expected).ok()
}

/// An action in words, given what it replaces in the form of preconditions.
pub fn describe(action: &Action, expected: &str) -> Described {
    let old = || list(expected).unwrap_or_default();
    let (place, words, changes) = match action {
        Action::SetThumbprints { provider_arn, thumbprints } => {
            let place = format!("thumbprints of {provider_arn}");
            (place.clone(), format!("set the {place}"), changes::of_lists(&old(), thumbprints))
        }
        Action::AddClientId { provider_arn, client_id } => {
            let new: Vec<String> = old().iter().chain([client_id]).cloned().collect();
            let words = format!("register an audience with {provider_arn}");
            (format!("audiences of {provider_arn}"), words, changes::of_lists(&old(), &new))
        }
        Action::CreateProvider { url, client_ids, thumbprints } => {
            let audiences = client_ids.iter().map(|c| format!("+ audience {c}"));
            let lines = audiences.chain(thumbprints.iter().map(|t| format!("+ thumbprint {t}"))).collect();
            (format!("provider for {url}"), format!("register an OIDC provider for {url}"), lines)
        }
        Action::SetTrustPolicy { role, document } => {
            let place = format!("trust policy of role {role}");
            (place.clone(), format!("change the {place}"), changes::of_documents(expected, document))
        }
        Action::Annotate { namespace, service_account, key, value } => {
            let words = format!("annotate serviceaccount {namespace}/{service_account}: {key}");
            let old = (!expected.is_empty()).then_some(expected);
            (format!("{key} of {namespace}/{service_account}"), words, changes::of_values(old, value.as_deref()))
        }
        Action::AttachPolicy { role, policy_arn } => (
            format!("{policy_arn} at role {role}"),
            format!("attach a policy to role {role}"),
            vec![format!("+ {policy_arn}")],
        ),
        Action::SetWebhook { configuration, webhook, set } => {
            let place = format!("{} of webhook {webhook} in {configuration}", set.name());
            (place.clone(), format!("set the {place}"), set.changes(expected))
        }
        Action::Associate { cluster, namespace, service_account, role_arn, association } => {
            let who = format!("{namespace}/{service_account} in cluster {cluster}");
            let words = match association {
                None => format!("make a Pod Identity association for {who}"),
                Some(id) => format!("have the Pod Identity association {id} of {who} give another role"),
            };
            let old = association.is_some().then_some(expected);
            (format!("Pod Identity association of {who}"), words, changes::of_values(old, Some(role_arn)))
        }
        Action::Restart { resource, namespace, name } => {
            let place = format!("{resource} {namespace}/{name}");
            let words = format!("recreate the pods of {place} by its own strategy");
            (place, words, Vec::new())
        }
        Action::Renew { resource, namespace, name, pods } => {
            let place = format!("{resource} {namespace}/{name}");
            let (count, one) = (pods.len(), if pods.len() == 1 { "pod" } else { "pods" });
            let words = format!("evict {count} {one} of {place}, one after another; new ones take their place");
            (place, words, pods.iter().map(|p| format!("- pod {} ({})", p.name, p.uid)).collect())
        }
    };
    Described { place, words, changes }
}

/// Who feels an action, as far as the action alone tells.
pub fn reach(action: &Action) -> String {
    match action {
        Action::SetThumbprints { .. } | Action::AddClientId { .. } => {
            "every identity that comes through this provider".to_owned()
        }
        Action::CreateProvider { .. } => "nobody until a role trusts the provider".to_owned(),
        Action::SetTrustPolicy { role, .. } => format!("whoever assumes the role {role}"),
        Action::Annotate { service_account, .. } => format!("pods of {service_account} made from now on"),
        Action::AttachPolicy { role, .. } => format!("every session of the role {role}"),
        Action::SetWebhook { .. } => "every pod that is made in the cluster from now on".to_owned(),
        Action::Associate { service_account, association: None, .. } => {
            format!("pods of {service_account} made from now on")
        }
        Action::Associate { service_account, association: Some(_), .. } => {
            format!("pods of {service_account}, at the next renewal of their credentials")
        }
        Action::Restart { name, .. } => format!("the pods of {name}"),
        Action::Renew { name, pods, .. } => format!("{} of the pods of {name}", pods.len()),
    }
}

/// Who feels it when an action is undone: a provider that nobody used when it was made may have many who do now.
pub fn reach_of_undoing(action: &Action) -> String {
    if matches!(action, Action::CreateProvider { .. }) {
        return "every identity that comes through this provider".to_owned();
    }
    reach(action)
}

impl Action {
    /// The action of the same kind on the same object that puts back what was there; `None` for what is undone
    /// by taking it away, and where there is nothing to put back.
    pub fn inverse(&self, expected: &str) -> Option<Self> {
        match self {
            Self::SetThumbprints { provider_arn, .. } => {
                let thumbprints = list(expected).filter(|old| !old.is_empty())?;
                Some(Self::SetThumbprints { provider_arn: provider_arn.clone(), thumbprints })
            }
            Self::SetTrustPolicy { role, .. } => {
                Some(Self::SetTrustPolicy { role: role.clone(), document: expected.to_owned() })
            }
            Self::Annotate { namespace, service_account, key, .. } => Some(Self::Annotate {
                namespace: namespace.clone(),
                service_account: service_account.clone(),
                key: key.clone(),
                value: (!expected.is_empty()).then(|| expected.to_owned()),
            }),
            Self::SetWebhook { configuration, webhook, set } => Some(Self::SetWebhook {
                configuration: configuration.clone(),
                webhook: webhook.clone(),
                set: set.with(expected),
            }),
            Self::Associate { cluster, namespace, service_account, association: Some(id), .. } => {
                Some(Self::Associate {
                    cluster: cluster.clone(),
                    namespace: namespace.clone(),
                    service_account: service_account.clone(),
                    role_arn: expected.to_owned(),
                    association: Some(id.clone()),
                })
            }
            Self::AddClientId { .. }
            | Self::CreateProvider { .. }
            | Self::AttachPolicy { .. }
            | Self::Associate { association: None, .. }
            | Self::Restart { .. }
            | Self::Renew { .. } => None,
        }
    }
}

impl Step {
    /// How this step is undone.
    pub fn undoing(&self) -> Undoing {
        match (&self.action, self.action.inverse(&self.precondition.expected)) {
            (Action::SetTrustPolicy { .. }, Some(back)) => match refused_at_save(&self.precondition.expected) {
                Some(why) => Undoing::Impossible(format!(
                    "IAM would not save the old trust policy again ({why}); it stays in the receipt, to be mended \
                     by hand"
                )),
                None => Undoing::Restore(back),
            },
            (_, Some(back)) => Undoing::Restore(back),
            (Action::SetThumbprints { .. }, None) => Undoing::Impossible(
                "IAM takes no empty list of thumbprints, so what was there cannot be put back".to_owned(),
            ),
            (Action::Restart { .. } | Action::Renew { .. }, None) => Undoing::Nothing,
            (
                Action::AddClientId { .. }
                | Action::CreateProvider { .. }
                | Action::AttachPolicy { .. }
                | Action::SetTrustPolicy { .. }
                | Action::SetWebhook { .. }
                | Action::Associate { .. }
                | Action::Annotate { .. },
                None,
            ) => Undoing::TakeAway,
        }
    }

    /// What is there before the step and after it, as lines: for a step that is to be undone.
    pub fn undone_changes(&self) -> Vec<String> {
        let expected = &self.precondition.expected;
        match &self.action {
            Action::SetThumbprints { thumbprints, .. } => {
                changes::of_lists(thumbprints, &list(expected).unwrap_or_default())
            }
            Action::AddClientId { client_id, .. } => {
                let old = list(expected).unwrap_or_default();
                let new: Vec<String> = old.iter().chain([client_id]).cloned().collect();
                changes::of_lists(&new, &old)
            }
            Action::SetTrustPolicy { document, .. } => changes::of_documents(document, expected),
            Action::Annotate { value, .. } => {
                changes::of_values(value.as_deref(), (!expected.is_empty()).then_some(expected.as_str()))
            }
            Action::SetWebhook { set, .. } => set.with(expected).changes(&set.text()),
            Action::Associate { role_arn, association: Some(_), .. } => {
                changes::of_values(Some(role_arn), Some(expected))
            }
            Action::CreateProvider { .. }
            | Action::AttachPolicy { .. }
            | Action::Associate { association: None, .. } => describe(&self.action, expected)
                .changes
                .iter()
                .filter_map(|line| line.strip_prefix("+ "))
                .map(|line| format!("- {line}"))
                .collect(),
            Action::Restart { .. } | Action::Renew { .. } => Vec::new(),
        }
    }
}

/// Why IAM would refuse a document that it holds, were it to be saved again: what was saved long ago is not
/// always what is taken today (IAM's validation at `UpdateAssumeRolePolicy`, as the policy crate knows it).
fn refused_at_save(document: &str) -> Option<String> {
    match Document::parse(document) {
        Ok(parsed) => {
            let raised = SaveContext { size_quota: RAISED_QUOTA, ..SaveContext::default() };
            parsed.lint(&raised).first().map(ToString::to_string)
        }
        Err(error) => Some(error.to_string()),
    }
}

/// A list as preconditions hold it.
pub(super) fn written(items: &[String]) -> String {
    json!(items).to_string()
}
