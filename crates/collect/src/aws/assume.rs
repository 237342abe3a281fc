//! Another account, asked as a role of it that takes our identity.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use jiff::Timestamp;
use trustwalk_core::evidence::{OWN_SESSION, Observed};
use trustwalk_foreign::shell;

use super::client::{AwsClient, Service};
use super::error::AwsError;
use super::xml::Element;

impl AwsClient {
    /// A client whose calls are those of a role, with patience of its own: where one account turns calls down for
    /// coming too often, the others are asked as before. The session has the length that STS gives unasked, one hour
    /// (STS API reference, `AssumeRole`).
    pub async fn assume(&self, role_arn: &str, external_id: Option<&str>) -> Observed<Self> {
        let mut parameters = vec![
            ("Action", "AssumeRole"),
            ("Version", "2011-06-15"),
            ("RoleArn", role_arn),
            ("RoleSessionName", OWN_SESSION),
        ];
        parameters.extend(external_id.map(|id| ("ExternalId", id)));
        let outcome = self.query(Service::Sts, &parameters).await.and_then(|root| self.as_role(&root));
        let by_hand =
            shell::line("aws sts assume-role --role-session-name trustwalk-verify --role-arn {}", &[role_arn]);
        self.observe(outcome, &format!("sts:AssumeRole {role_arn}"), "sts:AssumeRole", &by_hand)
    }

    fn as_role(&self, root: &Element) -> Result<Self, AwsError> {
        let given = root.find("Credentials");
        let text = |name: &str| {
            let value = given.and_then(|g| g.text_of(name)).filter(|v| !v.is_empty());
            value.ok_or_else(|| AwsError::Transport(format!("the answer of STS has no {name}")))
        };
        let until = text("Expiration")?.parse::<Timestamp>().ok().map(SystemTime::from);
        let keys = Credentials::new(
            text("AccessKeyId")?,
            text("SecretAccessKey")?,
            Some(text("SessionToken")?),
            until,
            "AssumeRole",
        );
        Ok(self.with_keys(keys))
    }
}
