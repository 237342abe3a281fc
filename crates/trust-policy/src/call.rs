//! What a call of `AssumeRoleWithWebIdentity` brings besides the token: keys that AWS fills from the connection, the
//! clock and the parameters.
//!
//! DOC: IAM User Guide, "AWS global condition context keys", each key's "Availability", and "IAM and AWS STS
//! condition context keys"; Service Authorization Reference, AWS STS. The call is unsigned (DOC: API model of STS), so
//! keys that only signed requests have are absent.

use std::sync::LazyLock;

/// What is known of a call besides its token.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Call {
    /// The moment, as a time and as seconds.
    clock: Option<(String, String)>,
    keys: Vec<(String, Vec<String>)>,
}

impl Call {
    /// A call of which nothing is known.
    pub fn new() -> Self {
        Self::default()
    }

    /// A call at this moment, in seconds since the epoch: `aws:CurrentTime` and `aws:EpochTime` are then known.
    #[must_use]
    pub fn at(mut self, seconds: i64) -> Self {
        let at = jiff::Timestamp::from_second(seconds).ok();
        self.clock = at.map(|at| (at.to_string(), seconds.to_string()));
        self
    }

    /// A call whose value of this key is known, e.g. `aws:SourceIp`; no value says that it does not have the key.
    #[must_use]
    pub fn with<V: Into<String>>(mut self, key: &str, values: impl IntoIterator<Item = V>) -> Self {
        self.keys.push((key.to_owned(), values.into_iter().map(Into::into).collect()));
        self
    }

    /// The keys it makes known, with their values.
    pub(crate) fn keys(&self) -> impl Iterator<Item = (&str, Vec<String>)> {
        let clock = self.clock.iter().flat_map(|(time, seconds)| {
            [("aws:CurrentTime", vec![time.clone()]), ("aws:EpochTime", vec![seconds.clone()])]
        });
        clock.chain(self.keys.iter().map(|(key, values)| (key.as_str(), values.clone())))
    }
}

/// Whether a call has a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presence {
    /// Every call has it, with a value that the call decides.
    Always,
    /// It depends on the call.
    Sometimes,
    /// The token decides it.
    OfToken,
    /// No call of this kind has it.
    Never,
}

/// Keys that every request has, or every assumption of a role.
const ALWAYS: &[&str] = &[
    "aws:CurrentTime",
    "aws:EpochTime",
    "aws:PrincipalAccount",
    "aws:PrincipalType",
    "aws:RequestedRegion",
    "aws:ResourceAccount",
    "aws:UserAgent",
    "aws:userid",
    "sts:RoleSessionName",
];

/// Keys that the token decides: session tags and source identity (DOC: IAM User Guide, "Pass session tags in AWS
/// STS", "Monitor and control actions taken with assumed roles").
const OF_TOKEN: &[&str] = &["aws:TagKeys", "sts:TransitiveTagKeys", "sts:SourceIdentity", "aws:SourceIdentity"];

/// Keys that only signed requests, calls by a service on somebody's behalf, or other operations have.
const NEVER: &[&str] = &[
    "aws:AssumedRoot",
    "aws:CalledVia",
    "aws:CalledViaFirst",
    "aws:CalledViaLast",
    "aws:Ec2InstanceSourcePrivateIPv4",
    "aws:Ec2InstanceSourceVpc",
    "aws:MultiFactorAuthAge",
    "aws:MultiFactorAuthPresent",
    "aws:PrincipalArn",
    "aws:PrincipalIsAWSService",
    "aws:PrincipalOrgID",
    "aws:PrincipalOrgPaths",
    "aws:PrincipalServiceName",
    "aws:PrincipalServiceNamesList",
    "aws:SourceAccount",
    "aws:SourceArn",
    "aws:SourceOrgID",
    "aws:SourceOrgPaths",
    "aws:TokenIssueTime",
    "aws:username",
    "sts:AWSServiceName",
    "sts:DurationSeconds",
    "sts:ExternalId",
    "sts:RequestContext",
    "sts:RequestContextProviders",
];

/// Whether a call of `AssumeRoleWithWebIdentity` has a key. A key of AWS's that none of the lists names is unknown:
/// AWS adds to them.
pub(crate) fn presence(key: &str) -> Presence {
    let listed = |list: &[&str]| list.iter().any(|k| k.eq_ignore_ascii_case(key));
    let starts = |head: &str| key.get(..head.len()).is_some_and(|k| k.eq_ignore_ascii_case(head));
    if !is_of_call(key) {
        Presence::Never
    } else if listed(ALWAYS) {
        Presence::Always
    } else if listed(OF_TOKEN) || starts("aws:RequestTag/") {
        Presence::OfToken
    } else if listed(NEVER) || starts("aws:PrincipalTag/") || starts("aws:FederatedProvider") {
        Presence::Never
    } else {
        Presence::Sometimes
    }
}

/// Whether a key is one that AWS fills from the call and the role, and not from an issuer's claims.
pub(crate) fn is_of_call(key: &str) -> bool {
    ["aws:", "sts:", "iam:"].iter().any(|head| key.get(..head.len()).is_some_and(|k| k.eq_ignore_ascii_case(head)))
}

/// Values that are the same in every call. STS's endpoints speak HTTPS only (DOC: AWS General Reference, "AWS
/// Security Token Service endpoints and quotas"), and who exchanges a token makes the call directly, for which
/// `aws:ViaAWSService` is false (DOC).
pub(crate) fn constant(key: &str) -> Option<&'static [String]> {
    static TRUE: LazyLock<[String; 1]> = LazyLock::new(|| ["true".to_owned()]);
    static FALSE: LazyLock<[String; 1]> = LazyLock::new(|| ["false".to_owned()]);
    if key.eq_ignore_ascii_case("aws:SecureTransport") {
        Some(&*TRUE)
    } else if key.eq_ignore_ascii_case("aws:ViaAWSService") {
        Some(&*FALSE)
    } else {
        None
    }
}
