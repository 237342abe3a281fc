//! What an answer of the API server, or its absence, is evidence of, and whether asking again may help.

use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::Value;
use trustwalk_core::evidence::{Observed, Source};
use trustwalk_foreign::redact;

use crate::retry::{Pause, Reason};
use crate::words;

/// What is told of a page that is no `Status`: its title, and who made it.
const STRANGERS_CHARS: usize = 200;

/// A request that was not answered as hoped.
#[derive(Debug)]
pub(super) enum Failure {
    /// The server's own refusal.
    Refused {
        /// HTTP status.
        code: u16,
        /// Its words.
        message: String,
        /// How long it asks to be left alone.
        told: Option<Duration>,
    },
    /// No answer, or none that could be taken.
    Broken {
        /// Why, in words.
        reason: String,
        /// Whether the connection broke before an answer came.
        transient: bool,
    },
    /// More than is read.
    TooLarge(usize),
}

impl Failure {
    /// An answer's refusal, from its body. `message` alone is kept of a `Status`. Whatever refuses may repeat what
    /// it was sent, the token too.
    pub(super) fn refused(status: StatusCode, told: Option<Duration>, body: &[u8]) -> Self {
        let status_object = crate::json::parse(body).ok();
        let own = status_object.as_ref().and_then(|v| v.get("message")).and_then(Value::as_str);
        let message = own.map_or_else(|| words::beginning(body, STRANGERS_CHARS), |m| redact(m).into_owned());
        Self::Refused { code: status.as_u16(), message, told }
    }

    /// The client's own failure.
    pub(super) fn of(error: &kube::Error) -> Self {
        let reason = in_words(words::transport(error));
        let transient = words::connection_broke(error);
        Self::Broken { reason, transient }
    }

    /// How long to wait before asking again, if that may help.
    ///
    /// As client-go: whatever the server asks to be sent again, and reads whose connection broke. Besides, reads
    /// that a server in trouble or a load balancer before it turned down, and a patch that met another, which ours may
    /// be repeated after: it names no version (client-go, `rest/with_retry.go`; `retry.OnError`, `IsConflict`).
    pub(super) fn again(&self, method: &Method) -> Option<Pause> {
        let reads = *method == Method::GET;
        let again = match self {
            Self::Refused { code: 429, .. } => true,
            Self::Refused { code: 409, told: None, .. } => *method == Method::PATCH,
            Self::Refused { code: 502..=504, told: None, .. } => reads,
            Self::Refused { code, told, .. } => *code >= 500 && told.is_some(),
            Self::Broken { transient, .. } => *transient && reads,
            Self::TooLarge(_) => false,
        };
        let told = if let Self::Refused { told, .. } = self { *told } else { None };
        again.then_some(Pause(told, if self.is_throttled() { Reason::Throttled } else { Reason::Passing }))
    }

    /// Whether the server had too much to do, and so did nothing.
    pub(super) fn is_throttled(&self) -> bool {
        matches!(self, Self::Refused { code: 429, .. })
    }

    /// As evidence.
    pub(super) fn observed<T>(self, source: Source, permission: &str) -> Observed<T> {
        match self {
            Self::Refused { code, message, .. } => match code {
                404 => Observed::Absent { source },
                401 => Observed::Denied { source, permission: "a valid Kubernetes credential".to_owned(), message },
                // An authorizer's refusal names the verb; an admission plugin's says what is wrong with the object.
                403 if message.contains(" cannot ") => {
                    Observed::Denied { source, permission: permission.to_owned(), message }
                }
                code => Observed::Unreachable { source, error: format!("{code}: {message}") },
            },
            Self::Broken { reason, .. } => Observed::Unreachable { source, error: reason },
            Self::TooLarge(limit) => Observed::Unreachable {
                source,
                error: format!("the answer is too large: it has more than {limit} bytes and was not read"),
            },
        }
    }
}

/// A certificate that was not taken, in the kubeconfig's words.
fn in_words(words: String) -> String {
    let hint = match words.as_str() {
        words::UNKNOWN_AUTHORITY => {
            "its authority is none of the kubeconfig's certificate-authority; the API server may be another one"
        }
        words::OTHER_NAME => "it names other hosts than the kubeconfig's server; tls-server-name says which is meant",
        other => match other.strip_prefix("its certificate ") {
            Some(rest) => return format!("the API server's certificate was not taken: it {rest}"),
            None => return words,
        },
    };
    format!("the API server's certificate was not taken: {hint}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_that_is_not_taken_is_told_in_the_kubeconfigs_words() {
        let text = |problem| in_words(words::handshake(&rustls::Error::InvalidCertificate(problem)));
        assert!(text(rustls::CertificateError::UnknownIssuer).contains("certificate-authority"));
        assert!(text(rustls::CertificateError::Expired).contains("it has expired"));
        assert!(text(rustls::CertificateError::NotValidForName).contains("tls-server-name"));
        assert_eq!(in_words("connection refused".to_owned()), "connection refused");
    }

    fn refused(code: u16, message: &str, told: Option<u64>) -> Failure {
        Failure::Refused { code, message: message.to_owned(), told: told.map(Duration::from_secs) }
    }

    #[test]
    fn only_an_authorizer_lacks_a_permission() {
        let answer =
            |message: &str| refused(403, message, None).observed::<()>(Source::default(), "create pods").gap().unwrap();
        let refusal =
            r#"pods is forbidden: User "u" cannot create resource "pods" in API group "" in the namespace "n""#;
        assert_eq!(answer(refusal), " was refused: lacks create pods");
        let unfit = r#"pods "probe-" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true"#;
        assert_eq!(answer(unfit), format!(": 403: {unfit}"));
    }

    #[test]
    fn only_what_is_safe_to_repeat_is_repeated() {
        let wait = |code, told, method: Method| refused(code, "", told).again(&method);
        assert_eq!(wait(429, Some(2), Method::POST), Some(Pause(Some(Duration::from_secs(2)), Reason::Throttled)));
        assert_eq!(wait(503, None, Method::GET), Some(Pause(None, Reason::Passing)));
        assert_eq!(wait(503, None, Method::POST), None, "a token may have been made");
        assert_eq!(wait(500, None, Method::GET), None);
        assert_eq!(wait(500, Some(1), Method::PATCH), Some(Pause(Some(Duration::from_secs(1)), Reason::Passing)));
        assert_eq!(wait(409, None, Method::PATCH), Some(Pause(None, Reason::Passing)));
        for code in [400, 401, 403, 404, 409, 410, 422] {
            assert_eq!(wait(code, None, Method::GET), None, "{code}");
        }
        let broken = Failure::Broken { reason: String::new(), transient: true };
        assert_eq!(
            (broken.again(&Method::GET), broken.again(&Method::DELETE)),
            (Some(Pause(None, Reason::Passing)), None)
        );
    }

    #[test]
    fn a_refusals_words_are_kept_and_a_strangers_page_is_cut() {
        let of = |body: &[u8]| match Failure::refused(StatusCode::CONFLICT, None, body) {
            Failure::Refused { message, .. } => message,
            Failure::Broken { .. } | Failure::TooLarge(_) => String::new(),
        };
        assert_eq!(of(br#"{"kind":"Status","message":"no"}"#), "no");
        assert_eq!(of("é".repeat(9_000).as_bytes()).chars().count(), 200);
        let hidden = ["can", "ary"].concat();
        let words = format!("no: Authorization: Bearer {hidden}7");
        for body in [serde_json::json!({"message": words}).to_string(), words] {
            assert!(!of(body.as_bytes()).contains(&hidden), "{body}");
        }
    }

    /// Recorded from kube-apiserver 1.36: status and body, what it is evidence of, and what a write comes to.
    #[test]
    fn the_refusals_of_a_real_server_are_read_as_what_they_are() {
        const CONFLICT: &str = r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":
            "Operation cannot be fulfilled on serviceaccounts \"aws-node\": the object has been modified; please apply
 your changes to the latest version and try again","reason":"Conflict","details":{"name":"aws-node",
            "kind":"serviceaccounts"},"code":409}"#;
        const NOT_FOUND: &str = r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":
            "deployments.apps \"nope\" not found","reason":"NotFound","details":{"name":"nope","group":"apps",
            "kind":"deployments"},"code":404}"#;
        const DENIED: &str = r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":
            "secrets \"x\" is forbidden: User \"viewer\" cannot get resource \"secrets\" in API group \"\"
 in the namespace
 \"kube-system\"","reason":"Forbidden","details":{"name":"x","kind":"secrets"},"code":403}"#;
        const UNAUTHORIZED: &str = r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":
            "Unauthorized","reason":"Unauthorized","code":401}"#;
        const INVALID: &str = r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":
            "TokenRequest.authentication.k8s.io \"\" is invalid: spec.expirationSeconds: Invalid value: 300: may not
 specify a duration less than 10 minutes","reason":"Invalid","details":{"causes":[{"reason":"FieldValueInvalid",
            "field":"spec.expirationSeconds"}]},"code":422}"#;
        // A line break in a string is none of JSON's: here it keeps lines short.
        let flat = |text: &str| text.replace("\n ", " ").replace('\n', "");
        let of =
            |code: u16, body: &str| Failure::refused(StatusCode::from_u16(code).unwrap(), None, flat(body).as_bytes());
        let seen = |code, body| of(code, body).observed::<()>(Source::default(), "get secrets");
        assert!(seen(404, NOT_FOUND).is_absent());
        assert_eq!(seen(403, DENIED).gap().unwrap(), " was refused: lacks get secrets");
        assert_eq!(seen(401, UNAUTHORIZED).gap().unwrap(), " was refused: lacks a valid Kubernetes credential");
        assert!(matches!(seen(422, INVALID), Observed::Unreachable { error, .. } if error.contains("10 minutes")));
        // A write that names no version is sent again after a conflict, and no other refusal is.
        assert!(of(409, CONFLICT).again(&Method::PATCH).is_some());
        for (code, body) in [(404, NOT_FOUND), (403, DENIED), (401, UNAUTHORIZED), (422, INVALID)] {
            assert_eq!(of(code, body).again(&Method::PATCH), None, "{code}");
            assert!(!of(code, body).is_throttled());
        }
    }
}
