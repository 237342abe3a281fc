//! The annotations of a service account by which AWS's webhook goes.

/// The annotation that names the role.
pub const ROLE_ANNOTATION: &str = "eks.amazonaws.com/role-arn";
/// The annotation by which a service account asks for another audience (amazon-eks-pod-identity-webhook).
pub const AUDIENCE_ANNOTATION: &str = "eks.amazonaws.com/audience";
/// The annotation that asks for STS's regional endpoints (amazon-eks-pod-identity-webhook README; known to it since
/// v0.3.0).
pub const REGIONAL_ANNOTATION: &str = "eks.amazonaws.com/sts-regional-endpoints";
/// The annotation that asks for another life of the token, in seconds (same README).
pub const LIFE_ANNOTATION: &str = "eks.amazonaws.com/token-expiration";
