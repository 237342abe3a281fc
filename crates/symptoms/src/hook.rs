//! What the API server says of an admission webhook that it could not use (Kubernetes source, `k8s.io/apiserver`:
//! `pkg/util/webhook/error.go`, `pkg/admission/plugin/webhook/mutating/dispatcher.go` and
//! `request/admissionreview.go`).

use crate::facts::{WEBHOOKS, Webhook};
use crate::symptom::Symptom;

/// How each such sentence begins. In lower case.
const CALL: &str = "failed calling webhook";
/// Go's `crypto/x509` and `crypto/tls` on a certificate that was served. In lower case.
const CERTIFICATE: &[&str] = &["x509:", "tls: failed to verify certificate"];
/// The answer is of another version of the review than the question was, or there is no version that both know. In
/// lower case.
const VERSION: &[&str] = &[
    "expected webhook response of admission.k8s.io/",
    "webhook does not accept known admissionreview versions",
    "converting (v1.admissionreview) to (v1beta1.admissionreview)",
    "converting (v1beta1.admissionreview) to (v1.admissionreview)",
];

/// Which webhook the API server could not use, and what kept it from that.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WebhookCall {
    /// The webhook's name in its configuration.
    pub webhook: Webhook,
    /// [`Symptom::WebhookUntrusted`], [`Symptom::WebhookReviewVersion`], [`Symptom::WebhookCallFailed`], or
    /// [`Symptom::WebhookFailedOpen`] where it is not said what kept it.
    pub symptom: Symptom,
}

/// The call that failed, of whatever webhook, if an answer of the API server tells of one.
pub fn webhook_call(text: &str) -> Option<WebhookCall> {
    let lower = text.to_ascii_lowercase();
    let name = lower.match_indices(CALL).find_map(|(at, _)| {
        let rest = text.get(at + CALL.len()..)?.trim_start().trim_start_matches('\\').strip_prefix('"')?;
        rest.split(['"', '\\']).next().filter(|name| !name.is_empty())
    })?;
    Some(WebhookCall { webhook: Webhook::new(name), symptom: why(&lower) })
}

/// The same of a record about the webhook that injects web identity, and where its words begin.
pub(crate) fn ours(lower: &str) -> Option<(Symptom, usize)> {
    let at = lower.find(CALL)?;
    WEBHOOKS.iter().any(|name| lower.contains(name)).then(|| (why(lower), at))
}

fn why(lower: &str) -> Symptom {
    let any = |words: &[&str]| words.iter().any(|w| lower.contains(w));
    if any(CERTIFICATE) {
        Symptom::WebhookUntrusted
    } else if any(VERSION) {
        Symptom::WebhookReviewVersion
    } else if lower.matches(CALL).count() < 2 && lower.contains("failed calling webhook, failing open") {
        Symptom::WebhookFailedOpen
    } else {
        Symptom::WebhookCallFailed
    }
}

#[cfg(test)]
mod tests {
    use super::{Symptom, webhook_call};

    #[test]
    fn any_webhook_is_told_with_what_kept_the_api_server_from_it() {
        let cases = [
            ("failed to call webhook: Post \"https://h\": x509: certificate signed by x", Symptom::WebhookUntrusted),
            (
                "received invalid webhook response: expected webhook response of admission.k8s.io/v1, \
                 Kind=AdmissionReview, got /, Kind=",
                Symptom::WebhookReviewVersion,
            ),
            (
                "could not create admission objects: webhook does not accept known AdmissionReview versions (v1, \
                 v1beta1)",
                Symptom::WebhookReviewVersion,
            ),
            ("received invalid webhook response: webhook response was absent", Symptom::WebhookCallFailed),
            ("failed to call webhook: Post \"https://h\": context deadline exceeded", Symptom::WebhookCallFailed),
            ("failed to call webhook: Post \"https://h\": connect: connection refused", Symptom::WebhookCallFailed),
            ("failed to call webhook: no endpoints available for service \"h\"", Symptom::WebhookCallFailed),
        ];
        for (why, symptom) in cases {
            let call = webhook_call(&format!("500: Internal error occurred: failed calling webhook \"a.b\": {why}"));
            let call = call.unwrap();
            assert_eq!((call.webhook.as_str(), call.symptom), ("a.b", symptom), "{why}");
            // That the API server went on without it says nothing of what kept it from the call; the reason does.
            let open = format!("Failed calling webhook, failing open a.b: failed calling webhook \"a.b\": {why}");
            assert_eq!(webhook_call(&open).unwrap().symptom, symptom, "{open}");
        }
        assert_eq!(webhook_call("admission webhook \"a.b\" denied the request: x509 is no name"), None);
        assert_eq!(webhook_call("failed calling webhook"), None);
    }
}
