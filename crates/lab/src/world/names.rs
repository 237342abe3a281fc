//! Names and numbers of the lab's world, all made up or reserved for documentation.

/// The account of the story.
pub const ACCOUNT: &str = "111122223333";
/// Another account, where faults point by mistake.
pub const OTHER_ACCOUNT: &str = "444455556666";
/// Region of everything.
pub const REGION: &str = "us-west-2";
/// The EKS cluster.
pub const CLUSTER: &str = "harbour";
/// Host of EKS issuers in the region.
pub const EKS_ISSUER_HOST: &str = "oidc.eks.us-west-2.amazonaws.com";
/// The cluster's issuer, in EKS' shape.
pub const ISSUER: &str = "https://oidc.eks.us-west-2.amazonaws.com/id/BFDB6A1C0E937F52B48D0C5E7713D49F";
/// Issuer of a cluster that no longer exists.
pub const OLD_ISSUER: &str = "https://oidc.eks.us-west-2.amazonaws.com/id/0C41F7A29D8E5B63A1F07C2B94D6E358";
/// Host of the CI's issuer.
pub const CI_ISSUER_HOST: &str = "token.actions.githubusercontent.com";
/// The CI's issuer.
pub const CI_ISSUER: &str = "https://token.actions.githubusercontent.com";
/// Audience STS expects by default.
pub const STS_AUDIENCE: &str = "sts.amazonaws.com";
/// Regional STS host.
pub const STS_REGIONAL: &str = "sts.us-west-2.amazonaws.com";
/// Global STS host.
pub const STS_GLOBAL: &str = "sts.amazonaws.com";

/// Role of the instances.
pub const NODE_ROLE: &str = "HarbourNodeRole";
/// Role of the VPC CNI.
pub const CNI_ROLE: &str = "HarbourVpcCniRole";
/// Role of `payments/ledger`.
pub const LEDGER_ROLE: &str = "HarbourLedgerRole";
/// Role of `external-dns/external-dns`.
pub const DNS_ROLE: &str = "HarbourExternalDnsRole";
/// Role of `batch/settlement`.
pub const BATCH_ROLE: &str = "HarbourSettlementRole";
/// Role of the CI job.
pub const CI_ROLE: &str = "HarbourDeployRole";

/// ARN of a role of the account.
pub fn role_arn(role: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:role/{role}")
}

/// An issuer as provider ARNs and condition keys name it: without the scheme.
pub fn bare(issuer: &str) -> &str {
    issuer.strip_prefix("https://").unwrap_or(issuer)
}

/// ARN of the provider for an issuer.
pub fn provider_arn(account: &str, issuer: &str) -> String {
    format!("arn:aws:iam::{account}:oidc-provider/{}", bare(issuer))
}
