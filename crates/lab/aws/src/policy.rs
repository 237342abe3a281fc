//! Identity policies: who may do what in this account.

use std::collections::BTreeMap;

use crate::account::Account;
use crate::language::{Asked, Decision, decide as read};
use crate::requests::keys_of;
use crate::sigv4::Caller;
use crate::state::Principal;

/// ARN of the CNI's managed policy.
const CNI: &str = "arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy";
/// Its default version, v5 (AWS managed policy reference).
const CNI_V5: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"AmazonEKSCNIPolicy","Effect":"Allow","Action":["ec2:AssignPrivateIpAddresses","ec2:AttachNetworkInterface","ec2:CreateNetworkInterface","ec2:DeleteNetworkInterface","ec2:DescribeInstances","ec2:DescribeTags","ec2:DescribeNetworkInterfaces","ec2:DescribeInstanceTypes","ec2:DescribeSubnets","ec2:DetachNetworkInterface","ec2:ModifyNetworkInterfaceAttribute","ec2:UnassignPrivateIpAddresses"],"Resource":"*"},{"Sid":"AmazonEKSCNIPolicyENITag","Effect":"Allow","Action":["ec2:CreateTags"],"Resource":["arn:aws:ec2:*:*:network-interface/*"]}]}"#;

/// The managed policies of the account.
pub(crate) fn managed() -> BTreeMap<String, String> {
    let allow = |actions: &str| {
        format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":{actions},"Resource":"*"}}]}}"#)
    };
    let plain = |name: &str| format!("arn:aws:iam::aws:policy/{name}");
    BTreeMap::from([
        (CNI.to_owned(), CNI_V5.to_owned()),
        (plain("AmazonS3ReadOnlyAccess"), allow(r#"["s3:Get*","s3:List*"]"#)),
        (plain("AmazonRoute53FullAccess"), allow(r#"["route53:*"]"#)),
        (
            plain("AmazonEKSWorkerNodePolicy"),
            allow(r#"["ec2:DescribeInstances","eks:DescribeCluster","eks-auth:AssumeRoleForPodIdentity"]"#),
        ),
        (plain("AdministratorAccess"), allow(r#""*""#)),
        (
            plain("ReadOnlyAccess"),
            allow(r#"["iam:Get*","iam:List*","eks:Describe*","eks:List*","ec2:Describe*","cloudtrail:LookupEvents"]"#),
        ),
    ])
}

/// ARN by which a caller is known.
pub(crate) fn arn(account: &Account, principal: &Principal) -> String {
    let c = &account.config;
    match principal {
        Principal::User { name, .. } => format!("arn:{}:iam::{}:user/{name}", c.partition, c.account_id),
        Principal::Session { role, session, .. } => session_arn(account, role, session),
    }
}

/// ARN of a role's session.
pub(crate) fn session_arn(account: &Account, role: &str, session: &str) -> String {
    format!("arn:{}:sts::{}:assumed-role/{role}/{session}", account.config.partition, account.config.account_id)
}

/// Which of a caller's policies an answer rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Those attached to the user or role, and its inline ones.
    Identity,
    /// The role's permissions boundary.
    Boundary,
}

/// Whether a caller's own policies let it do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ruling {
    /// They do.
    Allowed,
    /// No statement of these policies allows it.
    NotAllowed(Kind),
    /// A statement of these denies it.
    Denied(Kind),
}

impl Ruling {
    /// Why not, as refusals end (IAM User Guide, "Troubleshoot access denied error messages").
    pub(crate) fn why(self, action: &str) -> Option<String> {
        Some(match self {
            Self::Allowed => return None,
            Self::NotAllowed(Kind::Identity) => format!("because no identity-based policy allows the {action} action"),
            Self::NotAllowed(Kind::Boundary) => format!("because no permissions boundary allows the {action} action"),
            Self::Denied(Kind::Identity) => "with an explicit deny in an identity-based policy".to_owned(),
            Self::Denied(Kind::Boundary) => "with an explicit deny in a permissions boundary".to_owned(),
        })
    }
}

/// What the caller's own policies say of an action. A boundary allows nothing by itself: both it and an identity
/// policy must allow, and a denial in either wins (IAM User Guide, "Permissions boundaries for IAM entities").
pub(crate) fn decide(account: &Account, caller: &Caller, action: &str, resource: &str) -> Ruling {
    // GetCallerIdentity needs no permission, even under an explicit deny (STS API reference).
    if action == "sts:GetCallerIdentity" {
        return Ruling::Allowed;
    }
    let (identity, boundary) = documents(account, &caller.principal);
    let keys = keys_of(account, caller);
    let asked = Asked { action, resource: Some(resource), keys: &keys };
    let own = read(identity.iter().map(String::as_str), asked);
    let within = boundary.map(|document| read([document.as_str()], asked));
    match (own, within) {
        (Decision::Denied, _) => Ruling::Denied(Kind::Identity),
        (_, Some(Decision::Denied)) => Ruling::Denied(Kind::Boundary),
        (Decision::Silent, _) => Ruling::NotAllowed(Kind::Identity),
        (Decision::Allowed, Some(Decision::Silent)) => Ruling::NotAllowed(Kind::Boundary),
        (Decision::Allowed, None | Some(Decision::Allowed)) => Ruling::Allowed,
    }
}

/// The documents of a caller's identity policies, and of its boundary. A boundary that is gone allows nothing.
fn documents(account: &Account, principal: &Principal) -> (Vec<String>, Option<String>) {
    match principal {
        Principal::User { policies, .. } => (policies.clone(), None),
        Principal::Session { role, .. } => {
            let state = account.state();
            let Some(role) = state.roles.get(role) else { return (Vec::new(), None) };
            let attached = role.attached.iter().filter_map(|arn| state.policies.get(arn).cloned());
            let boundary = role.boundary.as_ref().map(|arn| state.policies.get(arn).cloned().unwrap_or_default());
            (attached.chain(role.inline.values().cloned()).collect(), boundary)
        }
    }
}
