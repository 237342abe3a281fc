//! One field of one webhook of a `MutatingWebhookConfiguration`: what it may be set to, how it reads, and what
//! evidence holds once it is set.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use trustwalk_symptoms::Symptom;
use trustwalk_x509::{Certificate, parse_any, to_pem};

use super::action::WebhookField;
use super::changes;
use crate::evidence::{Evidence, FieldWriter, Webhook};

/// What stands between the versions of a list. In JSON their order would be lost, and it counts.
const BETWEEN: char = ',';
/// Largest `caBundle`: a handful of authorities, where an object of the API server's holds 1.5 MiB.
const MOST_BUNDLE: usize = 256 << 10;
/// Most certificates of a `caBundle` that is written: an authority, and the one before it.
const MOST_CERTIFICATES: usize = 16;
/// Most versions of a list: API servers know two (Kubernetes API reference, `admissionReviewVersions`).
const MOST_VERSIONS: usize = 16;

impl WebhookField {
    /// The field's name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::CaBundle(_) => "caBundle",
            Self::ReviewVersions(_) => "admissionReviewVersions",
        }
    }

    /// Where the field stands in the webhook, as a JSON pointer.
    pub fn pointer(&self) -> &'static str {
        match self {
            Self::CaBundle(_) => "/clientConfig/caBundle",
            Self::ReviewVersions(_) => "/admissionReviewVersions",
        }
    }

    /// The value as text, as preconditions hold it.
    pub fn text(&self) -> String {
        match self {
            Self::CaBundle(bundle) => bundle.clone(),
            Self::ReviewVersions(versions) => versions.join(&BETWEEN.to_string()),
        }
    }

    /// The same field with the value that a text is.
    #[must_use]
    pub fn with(&self, text: &str) -> Self {
        match self {
            Self::CaBundle(_) => Self::CaBundle(text.to_owned()),
            Self::ReviewVersions(_) => {
                Self::ReviewVersions(text.split(BETWEEN).filter(|v| !v.is_empty()).map(str::to_owned).collect())
            }
        }
    }

    /// What is there now, as text.
    pub(super) fn of(&self, hook: &Webhook) -> String {
        match self {
            Self::CaBundle(_) => hook.ca_bundle.clone(),
            Self::ReviewVersions(_) => Self::ReviewVersions(hook.review_versions.clone()).text(),
        }
    }

    /// Whether the value is one that trustwalk writes.
    pub(super) fn is_fit(&self) -> bool {
        match self {
            Self::CaBundle(bundle) => {
                let held = authorities(bundle).unwrap_or_default();
                let plain: String = held.iter().map(|c| to_pem(c.der())).collect();
                // Nothing stands between them that nobody sees.
                (1..=MOST_CERTIFICATES).contains(&held.len()) && STANDARD.encode(plain) == *bundle
            }
            Self::ReviewVersions(versions) => {
                let known = |v: &String| ["v1", "v1beta1"].contains(&v.as_str());
                !versions.is_empty() && versions.len() <= MOST_VERSIONS && versions.iter().all(known)
            }
        }
    }

    /// Whether a text may be what was there: an object that an API server took.
    pub(super) fn may_have_been(&self, text: &str) -> bool {
        match self {
            Self::CaBundle(_) => text.len() <= MOST_BUNDLE && (text.is_empty() || STANDARD.decode(text).is_ok()),
            Self::ReviewVersions(_) => {
                let plain = |v: &str| !v.is_empty() && v.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
                text.len() <= MOST_BUNDLE && text.split(BETWEEN).all(plain)
            }
        }
    }

    /// What changes, line by line. Of certificates it is told what they are: nobody reads base64.
    pub(super) fn changes(&self, expected: &str) -> Vec<String> {
        match self {
            Self::CaBundle(bundle) => changes::of_lists(&told(expected), &told(bundle)),
            Self::ReviewVersions(_) => {
                let lines = |text: &str| Some(text.replace(BETWEEN, ", ")).filter(|t| !t.is_empty());
                changes::of_values(lines(expected).as_deref(), lines(&self.text()).as_deref())
            }
        }
    }

    /// Whether what an API server says of the webhook is over once the field is set.
    pub(super) fn ends(&self, symptom: Symptom) -> bool {
        match self {
            Self::CaBundle(_) => symptom == Symptom::WebhookUntrusted,
            Self::ReviewVersions(_) => symptom == Symptom::WebhookReviewVersion,
        }
    }
}

/// The certificates of a `caBundle`; `None` where it is not the base64 of certificates alone.
fn authorities(bundle: &str) -> Option<Vec<Certificate>> {
    parse_any(&STANDARD.decode(bundle).ok()?).ok()
}

/// One line for each certificate.
fn told(bundle: &str) -> Vec<String> {
    if bundle.is_empty() {
        return Vec::new();
    }
    match authorities(bundle) {
        Some(all) => all
            .iter()
            .map(|c| format!("{}, until {}, SHA-256 {}", c.subject(), crate::moment::date(c.not_after()), c.sha256()))
            .collect(),
        None => vec![bundle.to_owned()],
    }
}

/// The webhook of the evidence that an action names.
pub(super) fn find<'a>(e: &'a Evidence, configuration: &str, webhook: &str) -> Option<&'a Webhook> {
    let all = e.webhooks.known()?;
    all.iter().find(|h| h.configuration == configuration && h.name == webhook)
}

/// Sets the field in the evidence. What a new pod would get is asked anew.
pub(super) fn set(e: &mut Evidence, (configuration, webhook): (&str, &str), field: &WebhookField, by: &FieldWriter) {
    let named = |h: &&mut Webhook| h.configuration == configuration && h.name == webhook;
    let Some(hook) = e.webhooks.known_mut().into_iter().flatten().find(named) else { return };
    match field {
        WebhookField::CaBundle(bundle) => {
            hook.ca_bundle.clone_from(bundle);
            let held = authorities(bundle).unwrap_or_default();
            hook.ca_sha256 = held.iter().map(|c| c.sha256().to_string()).collect();
            // What verifies it is known by then; whatever is not that was seen not to.
            hook.ca_verifies = hook.authority.as_ref().map(|a| a.bundle == *bundle);
        }
        WebhookField::ReviewVersions(versions) => hook.review_versions.clone_from(versions),
    }
    hook.written_by = Some(by.clone());
}

/// Whether a dry run of before tells nothing any more.
pub(super) fn is_past(e: &Evidence) -> bool {
    e.injection_probe.known().is_some_and(|p| p.error.is_some() || p.role_arn.is_none())
}

#[cfg(test)]
mod tests {
    use super::WebhookField;

    #[test]
    fn a_list_is_kept_in_its_order() {
        let field = WebhookField::ReviewVersions(vec!["v1beta1".to_owned(), "v1".to_owned()]);
        assert_eq!(field.text(), "v1beta1,v1");
        assert_eq!(field.with("v1beta1,v1"), field);
        assert_ne!(field.with("v1,v1beta1"), field);
        assert_eq!(field.changes("v1,v1beta1"), ["- v1, v1beta1", "+ v1beta1, v1"]);
    }

    #[test]
    fn only_certificates_and_versions_that_are_known_are_written() {
        let bundle = |text: &str| WebhookField::CaBundle(text.to_owned()).is_fit();
        assert!(!bundle("") && !bundle("bm90IGEgY2VydGlmaWNhdGU=") && !bundle("no base64"));
        let versions = |all: &[&str]| WebhookField::ReviewVersions(all.iter().map(|v| (*v).to_owned()).collect());
        assert!(versions(&["v1beta1", "v1"]).is_fit());
        assert!(!versions(&[]).is_fit() && !versions(&["v2"]).is_fit());
    }
}
