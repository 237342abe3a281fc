//! STS: who we are, and a real exchange.

use trustwalk_core::evidence::{Caller, Exchange, Observed, Source};
use trustwalk_foreign::shell;

use super::client::{AwsClient, Service};
use super::error::AwsError;

const VERSION: (&str, &str) = ("Version", "2011-06-15");
/// Session name of our own exchanges, so that `CloudTrail` tells them from the workload's.
const SESSION: &str = trustwalk_core::evidence::OWN_SESSION;
/// The shortest session STS gives (botocore STS model): we throw it away.
const SESSION_SECONDS: &str = "900";

impl AwsClient {
    /// Who the credentials belong to. Needs no permission.
    pub async fn caller(&self) -> Observed<Caller> {
        let outcome = self.query(Service::Sts, &[("Action", "GetCallerIdentity"), VERSION]).await.map(|root| Caller {
            account: root.text_of("Account").unwrap_or_default(),
            arn: root.text_of("Arn").unwrap_or_default(),
        });
        self.observe(outcome, "sts:GetCallerIdentity", "sts:GetCallerIdentity", "aws sts get-caller-identity")
    }

    /// A real `AssumeRoleWithWebIdentity`. The credentials it yields are dropped unread.
    ///
    /// What has not the shape of a token is another file's content, and goes nowhere.
    pub async fn exchange(&self, role_arn: &str, token: &str) -> Observed<Exchange> {
        if !is_token(token) {
            let reason = "what was given as a token has not the shape of one (three parts of base64url, 20000 \
                bytes at most) and was not sent";
            return Observed::NotCollected { reason: reason.to_owned() };
        }
        let endpoint = self.endpoint(Service::Sts);
        let parameters = [
            ("Action", "AssumeRoleWithWebIdentity"),
            VERSION,
            ("RoleArn", role_arn),
            ("RoleSessionName", SESSION),
            ("DurationSeconds", SESSION_SECONDS),
            ("WebIdentityToken", token),
        ];
        let source = Source {
            what: format!("sts:AssumeRoleWithWebIdentity {role_arn}"),
            at: self.now(),
            by_hand: shell::try_line(
                "aws sts assume-role-with-web-identity --role-arn {} --role-session-name check \
                 --web-identity-token \"$TOKEN\"",
                &[role_arn],
            )
            .ok(),
        };
        let base = Exchange { endpoint, role_arn: role_arn.to_owned(), ..Exchange::default() };
        let value = match self.query_unsigned(Service::Sts, &parameters).await {
            Ok(root) => Exchange {
                status: 200,
                assumed: root.find("AssumedRoleUser").and_then(|u| u.text_of("Arn")),
                request_id: root.text_of("RequestId"),
                ..base
            },
            Err(AwsError::Service { status, code, message, request_id }) => {
                Exchange { status, code: Some(code), message: Some(message), request_id, ..base }
            }
            Err(AwsError::Transport(error) | AwsError::NoCredentials(error)) => {
                return Observed::Unreachable { source, error };
            }
        };
        Observed::Known { value, source }
    }
}

/// Longest token STS takes (AWS STS API reference, `WebIdentityToken`).
const MOST_BYTES: usize = 20_000;

/// Whether a text has the shape of a JWT in its compact form (RFC 7515, 7.1), quotes, blanks and `Bearer` around it
/// aside: with those STS refuses it, which is worth seeing.
fn is_token(text: &str) -> bool {
    let bare = text.trim();
    let bare = bare.strip_prefix("Bearer ").unwrap_or(bare).trim_matches(['"', '\'']);
    let part =
        |p: &str| !p.is_empty() && p.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'='));
    text.len() <= MOST_BYTES && bare.split('.').count() == 3 && bare.split('.').all(part)
}

/// The error of an exchange as `CODE: message`, for one-line reports.
pub fn exchange_error(exchange: &Exchange) -> Option<String> {
    let code = exchange.code.as_ref()?;
    Some(format!("{code}: {}", exchange.message.as_deref().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::is_token;

    #[test]
    fn only_what_is_shaped_as_a_token_is_sent() {
        let token = ["eyJhbGciOiJSUzI1NiJ9", "eyJpc3MiOiJ4In0", "c2ln"].join(".");
        for fine in [token.clone(), format!("{token}\n"), format!("\"{token}\""), format!("Bearer {token}")] {
            assert!(is_token(&fine), "{fine}");
        }
        let key = ["-----BEGIN", "PRIVATE KEY-----\nQUJD\n"].join(" ");
        for other in ["", "a.b", "a..c", "[default]\naws_secret_access_key = x", &key, "root:x:0:0:a.b.c:/root"] {
            assert!(!is_token(other), "{other}");
        }
        assert!(!is_token(&format!("{token}{}", "A".repeat(20_000))));
    }
}
