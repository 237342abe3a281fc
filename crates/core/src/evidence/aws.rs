//! What the account says: cluster, provider, role, policies, exchange, history.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use super::Gap;

/// An EKS cluster, as `eks:DescribeCluster` tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct EksCluster {
    /// Name.
    pub name: String,
    /// ARN.
    pub arn: String,
    /// Issuer URL (`identity.oidc.issuer`).
    pub issuer: Option<String>,
    /// Kubernetes version.
    pub version: String,
    /// Unix seconds.
    pub created: i64,
}

/// An EKS add-on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct Addon {
    /// Name, such as `vpc-cni`.
    pub name: String,
    /// Role of its service account.
    pub role_arn: Option<String>,
    /// Status, such as `ACTIVE`, `DEGRADED`, `UPDATE_FAILED` (EKS API reference, `Addon`).
    pub status: String,
    /// Version, such as `v1.3.4-eksbuild.1`.
    pub version: String,
    /// Unix seconds of its creation; 0 when not told.
    pub created: i64,
    /// Unix seconds of the last change.
    pub modified: i64,
    /// What EKS says is wrong with it (EKS API reference, `AddonHealth`).
    pub issues: Vec<AddonIssue>,
    /// ARNs of the Pod Identity associations that the add-on owns (EKS API reference, `podIdentityAssociations`).
    pub associations: Vec<String>,
    /// Why nothing but its name is known, when its description could not be read.
    pub undescribed: Option<Gap>,
}

/// One thing that EKS says is wrong with an add-on (EKS API reference, `AddonIssue`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct AddonIssue {
    /// Code, such as `InsufficientNumberOfReplicas`.
    pub code: String,
    /// EKS's own words.
    pub message: String,
    /// Resources concerned.
    pub resources: Vec<String>,
}

/// An IAM OIDC provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct Provider {
    /// ARN.
    pub arn: String,
    /// URL without its scheme, as IAM returns it.
    pub url: String,
    /// Registered audiences.
    pub client_ids: Vec<String>,
    /// Registered thumbprints, lower-case SHA-1.
    pub thumbprints: Vec<String>,
    /// Unix seconds.
    pub created: i64,
    /// Tags.
    pub tags: BTreeMap<String, String>,
}

/// An IAM role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct Role {
    /// ARN.
    pub arn: String,
    /// Name.
    pub name: String,
    /// The trust policy's JSON text.
    pub trust_policy: String,
    /// Longest session, in seconds.
    pub max_session: i64,
    /// Unix seconds.
    pub created: i64,
    /// Unix seconds of the last use, when IAM knows one.
    pub last_used: Option<i64>,
    /// Tags, in which infrastructure tools often sign.
    pub tags: BTreeMap<String, String>,
    /// ARN of the permissions boundary.
    pub boundary: Option<String>,
}

/// One policy of a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct RolePolicy {
    /// Name, or ARN of a managed one.
    pub name: String,
    /// ARN of a managed policy.
    pub arn: Option<String>,
    /// The document's JSON text, when it could be read: of a managed policy its default version.
    pub document: Option<String>,
    /// Whether it is the permissions boundary.
    pub boundary: bool,
    /// Why there is no document.
    pub unread: Option<Gap>,
}

/// Who the caller of the AWS API is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct Caller {
    /// Account number.
    pub account: String,
    /// ARN.
    pub arn: String,
}

/// What STS answered to a real `AssumeRoleWithWebIdentity`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct Exchange {
    /// The endpoint asked.
    pub endpoint: String,
    /// The role asked for.
    pub role_arn: String,
    /// The session's ARN on success.
    pub assumed: Option<String>,
    /// Error code on failure, such as `InvalidIdentityToken`.
    pub code: Option<String>,
    /// Error message on failure.
    pub message: Option<String>,
    /// HTTP status.
    pub status: u16,
    /// Request id.
    pub request_id: Option<String>,
}

/// Codes of a service that is asked too often or is in trouble, whatever status they come with (STS API reference,
/// "Common Errors"; AWS SDKs and Tools Reference Guide, "Retry behavior").
const PASSING: [&str; 8] = [
    "Throttling",
    "ThrottlingException",
    "RequestLimitExceeded",
    "TooManyRequestsException",
    "RequestTimeout",
    "ServiceUnavailable",
    "InternalFailure",
    "InternalError",
];

impl Exchange {
    /// Whether the answer is temporary by its nature: no check of STS refused.
    pub fn is_passing(&self) -> bool {
        let coded = self.code.as_deref().is_some_and(|code| PASSING.contains(&code));
        self.assumed.is_none() && (coded || super::issuer::passes(self.status))
    }
}

/// One `CloudTrail` event that matters here. Times, names and members are those of the `CloudTrail` User Guide's
/// "`CloudTrail` record contents"; the example of a refused and of a granted `AssumeRoleWithWebIdentity` is in the IAM
/// User Guide, "Logging IAM and AWS STS API calls".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct TrailEvent {
    /// Unix seconds.
    pub at: i64,
    /// Event name.
    pub name: String,
    /// Who did it.
    pub who: String,
    /// What it touched.
    pub resource: String,
    /// Everything it touched, as `CloudTrail` lists it: names of changed roles, ARNs of assumed ones.
    pub resources: Vec<String>,
    /// Error code.
    pub error: Option<String>,
    /// Error message. Of a refused `AssumeRoleWithWebIdentity` it may be no more than `An unknown error occurred`
    /// (REPORTED).
    pub message: Option<String>,
    /// `IAMTrustStore` or `Thumbprint`, from `additionalEventData`.
    pub verification: Option<String>,
    /// Subject of a web identity (`userIdentity.userName`).
    pub subject: Option<String>,
    /// ARN of the provider of a web identity (`userIdentity.identityProvider`).
    pub provider: Option<String>,
    /// Audience of a web identity: what stands between provider and subject in `userIdentity.principalId`.
    pub audience: Option<String>,
    /// The role asked for (`requestParameters.roleArn`, or `roleName` where only that is told).
    pub role: Option<String>,
    /// The session's name (`requestParameters.roleSessionName`).
    pub session: Option<String>,
    /// The policy or provider that a change names: `requestParameters` of `policyDocument`, `policyArn`, `policyName`,
    /// `openIDConnectProviderArn`, `clientID`.
    pub change: BTreeMap<String, String>,
    /// The client, as it names itself.
    pub user_agent: Option<String>,
    /// Address of the client, or the name of the AWS service that called for it.
    pub source_ip: Option<String>,
    /// The region that answered (`awsRegion`).
    pub region: Option<String>,
    /// The host that the client named (`tlsDetails.clientProvidedHostHeader`).
    pub host: Option<String>,
    /// Id of the event.
    pub id: String,
    /// Id of the request, which the client's error names too.
    pub request_id: Option<String>,
}

/// The session's name of each exchange that trustwalk makes.
pub const OWN_SESSION: &str = "trustwalk-verify";

impl TrailEvent {
    /// Whether it is an exchange of trustwalk's own, of this run or an earlier one.
    pub fn is_our_own(&self) -> bool {
        self.session.as_deref() == Some(OWN_SESSION)
    }
}
