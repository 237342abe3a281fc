//! Whom access entries are for, and the access policies that they are given.

use crate::account::Account;
use crate::sigv4::Caller;
use crate::state::Principal;

/// EKS's access policies that people are given (EKS User Guide, "Review access policy permissions").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessPolicy {
    /// Everything.
    ClusterAdmin,
    /// Most of a namespace, its roles among it.
    Admin,
    /// All of a namespace is read, secrets too.
    AdminView,
    /// Workloads and what they use are changed, secrets among it.
    Edit,
    /// Workloads are read, secrets not.
    View,
}

impl AccessPolicy {
    pub(crate) const ALL: [Self; 5] = [Self::ClusterAdmin, Self::Admin, Self::AdminView, Self::Edit, Self::View];

    /// Its name, the end of its ARN.
    pub fn name(self) -> &'static str {
        match self {
            Self::ClusterAdmin => "AmazonEKSClusterAdminPolicy",
            Self::Admin => "AmazonEKSAdminPolicy",
            Self::AdminView => "AmazonEKSAdminViewPolicy",
            Self::Edit => "AmazonEKSEditPolicy",
            Self::View => "AmazonEKSViewPolicy",
        }
    }

    pub(super) fn of_arn(arn: &str) -> Option<Self> {
        let name = arn.split_once(":cluster-access-policy/")?.1;
        Self::ALL.into_iter().find(|policy| policy.name() == name)
    }
}

/// The ARN of an access policy.
pub(super) fn policy_arn(account: &Account, name: &str) -> String {
    format!("arn:{}:eks::aws:cluster-access-policy/{name}", account.config.partition)
}

/// The ARN by which an entry knows a caller: of a session, its role's.
pub(crate) fn principal_of(account: &Account, caller: &Caller) -> String {
    let arn = crate::arns::arn(account, &caller.principal);
    match &caller.principal {
        Principal::User { .. } => arn,
        Principal::Session(session) => account.role(&session.role).map_or(arn, |role| account.role_arn(&role)),
    }
}

/// The user name that an entry has when none is given (EKS API reference, `CreateAccessEntry`).
pub(super) fn default_username(account: &Account, who: &str) -> String {
    let c = &account.config;
    match who.split_once(":role/").and_then(|(_, path)| path.rsplit('/').next()) {
        Some(role) => format!("arn:{}:sts::{}:assumed-role/{role}/{{{{SessionName}}}}", c.partition, c.account_id),
        None => who.to_owned(),
    }
}
