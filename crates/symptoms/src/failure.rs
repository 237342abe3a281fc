//! One failure as a log tells it: its meaning and the values named in it.

use serde::{Deserialize, Serialize};

use crate::symptom::Symptom;

/// The client whose way of wording the failure shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sdk {
    /// AWS SDK for Go, version 1 (`WebIdentityErr`, `caused by:`).
    GoV1,
    /// AWS SDK for Go, version 2 (`operation error STS`).
    GoV2,
    /// botocore, boto3 and the AWS CLI (`An error occurred (Code) when calling`).
    Python,
    /// AWS SDK for Java 1 (`Service: AWSSecurityTokenService;`).
    JavaV1,
    /// AWS SDK for Java 2 (`Service: Sts, Status Code`).
    JavaV2,
    /// AWS SDK for JavaScript.
    JavaScript,
    /// AWS SDK for Rust.
    Rust,
    /// AWS SDK for .NET.
    DotNet,
    /// AWS SDK for Ruby.
    Ruby,
    /// AWS SDK for PHP.
    Php,
    /// The action `configure-aws-credentials` of GitHub.
    GithubAction,
}

impl Sdk {
    /// Its name, for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::GoV1 => "AWS SDK for Go 1",
            Self::GoV2 => "AWS SDK for Go 2",
            Self::Python => "botocore",
            Self::JavaV1 => "AWS SDK for Java 1",
            Self::JavaV2 => "AWS SDK for Java 2",
            Self::JavaScript => "AWS SDK for JavaScript",
            Self::Rust => "AWS SDK for Rust",
            Self::DotNet => "AWS SDK for .NET",
            Self::Ruby => "AWS SDK for Ruby",
            Self::Php => "AWS SDK for PHP",
            Self::GithubAction => "configure-aws-credentials",
        }
    }
}

/// A failure found in a text. All strings are redacted: no token and no key is in them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What it means.
    pub symptom: Symptom,
    /// AWS's error code, such as `InvalidIdentityToken`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sts_code: Option<String>,
    /// The words, on one line, redacted and cut to a bounded length.
    pub message: String,
    /// A detail of the symptom: the claim missing, the file unreadable, the parameter refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The role named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_arn: Option<String>,
    /// The issuer's URL named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// The OIDC provider's ARN named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The audience named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// AWS's request id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The HTTP status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_status: Option<u16>,
    /// The host that was, or was to be, asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The action refused, such as `ec2:DescribeSubnets`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub denied_action: Option<String>,
    /// The identity that asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller_arn: Option<String>,
    /// Which client worded it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sdk: Option<Sdk>,
    /// When, as UTC in ISO 8601 with milliseconds; a time without a zone counts as UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ts: Option<String>,
}
