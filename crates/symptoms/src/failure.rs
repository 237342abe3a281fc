//! One failure as a log tells it: its meaning and the values named in it.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::facts::{
    Frame, KeyId, Partition, Region, Resource, SaidTimes, Scheme, ServiceAccount, Subject, TokenPath, Webhook,
};
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
    /// AWS SDK for C++.
    Cpp,
    /// AWS SDK for Kotlin.
    Kotlin,
    /// AWS SDK for Swift and the common runtime below it.
    Swift,
    /// The `MinIO` client for Go, which Thanos, Loki and others take from.
    MinioGo,
    /// Hadoop's S3A connector, with the Java SDK below it.
    HadoopS3a,
    /// Fluent Bit's own client.
    FluentBit,
    /// `buildkite-agent`.
    BuildkiteAgent,
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
            Self::Cpp => "AWS SDK for C++",
            Self::Kotlin => "AWS SDK for Kotlin",
            Self::Swift => "AWS SDK for Swift",
            Self::MinioGo => "minio-go",
            Self::HadoopS3a => "Hadoop S3A",
            Self::FluentBit => "Fluent Bit",
            Self::BuildkiteAgent => "buildkite-agent",
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
    /// How the host was, or was to be, spoken to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheme: Option<Scheme>,
    /// The port asked, where the record names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// The address that was dialled, after its name was resolved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
    /// The name server that was asked for the host's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolver: Option<IpAddr>,
    /// The region of the host, or the one the record names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
    /// The partition of the role, else of the host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition: Option<Partition>,
    /// What a refused action was for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<Resource>,
    /// The signing key's id, as a verifier names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_id: Option<KeyId>,
    /// The token's subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Subject>,
    /// The token's file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_path: Option<TokenPath>,
    /// The service account that a consumer or the webhook names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_account: Option<ServiceAccount>,
    /// The admission webhook named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<Webhook>,
    /// The moments that the refusal compares.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<SaidTimes>,
    /// Which parts of the client spoke, in the order of [`Frame`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub frames: Vec<Frame>,
    /// When, as UTC in ISO 8601 with milliseconds; a time without a zone counts as UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ts: Option<String>,
}

impl Failure {
    /// A failure of which only its meaning and its words are known.
    pub fn new(symptom: Symptom, message: String) -> Self {
        Self {
            symptom,
            message,
            sts_code: None,
            detail: None,
            role_arn: None,
            issuer: None,
            provider: None,
            audience: None,
            request_id: None,
            http_status: None,
            host: None,
            denied_action: None,
            caller_arn: None,
            sdk: None,
            scheme: None,
            port: None,
            address: None,
            resolver: None,
            region: None,
            partition: None,
            resource: None,
            key_id: None,
            subject: None,
            token_path: None,
            service_account: None,
            webhook: None,
            times: None,
            frames: Vec::new(),
            ts: None,
        }
    }
}
