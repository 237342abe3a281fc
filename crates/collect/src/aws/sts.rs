//! STS: who we are, and a real exchange.

use trustwalk_core::evidence::{Caller, Exchange, Observed, Source};
use trustwalk_foreign::shell;

use super::client::{AwsClient, AwsError, Service};

const VERSION: (&str, &str) = ("Version", "2011-06-15");
/// Session name of our own exchanges, so that `CloudTrail` tells them from the workload's.
const SESSION: &str = "trustwalk-verify";
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
    pub async fn exchange(&self, role_arn: &str, token: &str) -> Observed<Exchange> {
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
                "aws sts assume-role-with-web-identity --role-arn {} --role-session-name check --web-identity-token \"$TOKEN\"",
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

/// The error of an exchange as `CODE: message`, for one-line reports.
pub fn exchange_error(exchange: &Exchange) -> Option<String> {
    let code = exchange.code.as_ref()?;
    Some(format!("{code}: {}", exchange.message.as_deref().unwrap_or_default()))
}
