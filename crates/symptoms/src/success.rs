//! Exchanges that succeeded, and calls that show whose credentials are in use: a success is evidence as a failure is.

use serde::{Deserialize, Serialize};

use crate::facts::{Region, Subject};
use crate::failure::Sdk;
use crate::marks;
use crate::text::excerpt::message;
use crate::text::extract;

/// What succeeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SuccessKind {
    /// A token was exchanged for a role's session at STS.
    Exchange,
    /// A role was assumed; the line does not say with what.
    AssumedRole,
    /// The Pod Identity agent got credentials.
    PodIdentity,
    /// Credentials in use were renewed.
    Refreshed,
    /// A call named the role's session under which it was made.
    Identified,
    /// An environment that is shown names a token's file: a web identity was given.
    WebIdentityGiven,
    /// An environment that is shown names the Pod Identity agent: container credentials were given.
    PodIdentityGiven,
}

/// One success as a log tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Success {
    /// What succeeded.
    pub kind: SuccessKind,
    /// The words, on one line, redacted and cut to a bounded length.
    pub message: String,
    /// The role named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_arn: Option<String>,
    /// The session named: an ARN of `assumed-role`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal_arn: Option<String>,
    /// The token's subject, where a record names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Subject>,
    /// The token's audience, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// The region of the endpoint, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
    /// When, as UTC in ISO 8601.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ts: Option<String>,
    /// Which client worded it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sdk: Option<Sdk>,
}

/// What an environment that is shown, by `env` or by `kubectl describe pod`, gives: a variable and its value (EKS User
/// Guide, "Configure Pods to use a Kubernetes service account", "How EKS Pod Identity works").
fn given(lower: &str) -> Option<(SuccessKind, usize)> {
    let value = |name: &str| {
        let at = lower.find(name)?;
        let rest = lower.get(at + name.len()..)?;
        let value = rest.strip_prefix(['=', ':'])?.trim_start_matches([' ', '\t']);
        Some((at, value.trim_start_matches(['"', '\''])))
    };
    let web = || value("aws_web_identity_token_file").filter(|(_, v)| v.starts_with('/'));
    let agent = || {
        let address = |v: &str| v.starts_with("http://169.254.170.23") || v.starts_with("http://[fd00:ec2::23]");
        value("aws_container_credentials_full_uri").filter(|(_, v)| address(v))
    };
    let web = web().map(|(at, _)| (SuccessKind::WebIdentityGiven, at));
    web.or_else(|| agent().map(|(at, _)| (SuccessKind::PodIdentityGiven, at)))
}

/// Words of a success, in lower case, and what each tells of. Sources: `configure-aws-credentials` (`src/index.ts`),
/// eks-pod-identity-agent, SDK for C++, the XML of STS; others REPORTED.
const WORDS: &[(SuccessKind, &str)] = &[
    (SuccessKind::Exchange, "authenticated as assumedroleid"),
    (SuccessKind::Exchange, "<assumerolewithwebidentityresult"),
    (SuccessKind::Exchange, "assumed role with web identity"),
    (SuccessKind::Exchange, "successfully refreshed web identity credentials"),
    (SuccessKind::Exchange, "successfully retrieved credentials with aws_access_key"),
    (SuccessKind::PodIdentity, "storing creds in cache"),
    (SuccessKind::Refreshed, "successfully refreshed credentials"),
    (SuccessKind::Refreshed, "credentials refreshed successfully"),
    (SuccessKind::AssumedRole, "successfully assumed role"),
    (SuccessKind::AssumedRole, "successfully assumed the role"),
    (SuccessKind::AssumedRole, "assumed role arn:aws"),
    (SuccessKind::AssumedRole, "role assumed successfully"),
    (SuccessKind::AssumedRole, "loaded assume role credentials"),
];

/// The success that a record without a failure tells of.
pub(crate) fn success(text: &str, lower: &str, ts: Option<&str>) -> Option<Success> {
    if marks::is_trouble(lower) {
        return None;
    }
    let worded = WORDS.iter().find_map(|(kind, words)| lower.find(words).map(|at| (*kind, at)));
    let principal_arn = extract::caller_arn(text).filter(|arn| arn.contains(":assumed-role/"));
    // The answer of GetCallerIdentity, or a line that names the identity in use.
    let named = || {
        let at = lower.find(":assumed-role/")?;
        let acting = [" succeeded as arn:", " as arn:aws:sts::", " as arn:aws-cn:sts::", " as arn:aws-us-gov:sts::"];
        (lower.contains("\"arn\"")
            || lower.contains("caller identity")
            || lower.contains("identity arn:")
            || acting.iter().any(|words| lower.contains(words)))
        .then_some((SuccessKind::Identified, at))
    };
    let (kind, at) = worded.or_else(named).or_else(|| given(lower))?;
    let sdk = if lower.contains("authenticated as assumedroleid") { Some(Sdk::GithubAction) } else { None };
    Some(Success {
        kind,
        message: message(text, at),
        role_arn: extract::role_arn(text, None),
        principal_arn,
        subject: None,
        audience: None,
        region: None,
        ts: ts.map(str::to_owned),
        sdk: sdk.or_else(|| extract::sdk(text)),
    })
}
