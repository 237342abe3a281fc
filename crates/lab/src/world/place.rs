//! Where a cluster of the lab is.

use super::names::{ACCOUNT, CLUSTER, EKS_ISSUER_HOST, ISSUER, NODE_ROLE, REGION, provider_arn};

/// A cluster's account, region, name and issuer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Id of the account.
    pub account: String,
    /// Region.
    pub region: String,
    /// Name of the cluster.
    pub cluster: String,
    /// URL of its issuer.
    pub issuer: String,
    /// Host of that URL.
    pub issuer_host: String,
    /// Name of the role that its instances have.
    pub node_role: String,
}

impl Place {
    /// The story's.
    pub fn story() -> Self {
        Self {
            account: ACCOUNT.to_owned(),
            region: REGION.to_owned(),
            cluster: CLUSTER.to_owned(),
            issuer: ISSUER.to_owned(),
            issuer_host: EKS_ISSUER_HOST.to_owned(),
            node_role: NODE_ROLE.to_owned(),
        }
    }

    /// ARN of the cluster.
    pub fn cluster_arn(&self) -> String {
        format!("arn:aws:eks:{}:{}:cluster/{}", self.region, self.account, self.cluster)
    }

    /// Host of STS in the region.
    pub fn sts_host(&self) -> String {
        format!("sts.{}.amazonaws.com", self.region)
    }

    /// ARN of a role of the account.
    pub fn role_arn(&self, role: &str) -> String {
        format!("arn:aws:iam::{}:role/{role}", self.account)
    }

    /// ARN of the account's provider for the cluster's issuer.
    pub fn provider_arn(&self) -> String {
        provider_arn(&self.account, &self.issuer)
    }
}
