//! The few substrings one of which every failure's line holds, so that a scan looks for these
//! and judges only the lines that have one.
//!
//! `dentity` alone stands in `WebIdentityErr`, `InvalidIdentityToken`, `identity provider` and
//! `AssumeRoleWithWebIdentity`. INVARIANT: every rule's text holds one; a test says so.

/// The substrings, case-sensitive.
pub(crate) const CORES: &[&str] = &[
    "dentity",
    "redentials",
    "uthorized",
    "AccessDenied",
    "ccess Denied",
    "OpenIDConnect",
    "oken a", // Incorrect token audience, Token audience contains more than one
    "oken e", // Token expired
    "oken i", // token included in the request, Token issued in the future
    "oken n", // Token not yet valid
    "oken t", // Token too old
    "xpired",
    "ID Token",
    "ID_TOKEN",
    "required claim",
    "o be empty: ",
    "timestamp in token",
    "passed in claim",
    "ARN is invalid",
    "iled to satisfy",
    "onSeconds",
    "acked",
    "IDPRejected",
    "IDPCommun",
    "RegionDisabled",
    "amazonaws.com/serviceaccount",
    "//sts",
    " sts.",
    "'sts.",
    "\"sts.",
    "169.254.",
    "MalformedPolicy",
    "Federated principals",
    "LimitExceeded",
    "exceed quota",
    "InvalidClientTokenId",
    "SignatureDoesNotMatch",
    "TooSkewed",
    "Throttling",
    "Rate exceeded",
    "ec2imds",
    "IPAM",
    "IMDS",
    "Initialization failure",
    "CONNECT: ",
    "Pending' state",
];
