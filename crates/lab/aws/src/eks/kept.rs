//! What EKS keeps of a cluster beside what the lab says when it sets one up.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// All of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Beside {
    /// Settings in the form of `DescribeCluster`, by member.
    pub(crate) settings: BTreeMap<String, Value>,
    /// Updates by id.
    pub(crate) updates: BTreeMap<String, Update>,
    /// Access entries by the ARN of who they are for.
    pub(crate) entries: BTreeMap<String, Entry>,
    /// Node groups by name, in the form of `DescribeNodegroup`.
    pub(crate) groups: BTreeMap<String, Value>,
    /// Identity providers by name, in the form of `DescribeIdentityProviderConfig`.
    pub(crate) identity_providers: BTreeMap<String, Value>,
    /// Add-ons by name: what is more of them than the lab says.
    pub(crate) addons: BTreeMap<String, MoreOfAddon>,
    /// Pod Identity associations by id: what is more of them.
    pub(crate) associations: BTreeMap<String, MoreOfAssociation>,
    /// Who made it, and has the administrator's rights for it.
    pub(crate) creator: Option<String>,
}

impl Beside {
    /// What is kept of a cluster that somebody has made who has an entry for it, with all rights.
    pub(crate) fn owned_by(arn: &str, at: Timestamp) -> Self {
        let partition = arn.split(':').nth(1).unwrap_or("aws");
        let policy = format!("arn:{partition}:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy");
        let entry = Entry {
            id: "0ec0ffee-0000-4000-8000-000000000001".to_owned(),
            kind: "STANDARD".to_owned(),
            username: arn.to_owned(),
            groups: Vec::new(),
            grants: vec![Grant { policy, namespaces: None, since: at, modified: at }],
            created: at,
            modified: at,
        };
        Self { entries: BTreeMap::from([(arn.to_owned(), entry)]), ..Self::default() }
    }
}

/// An update, which is over as soon as it is there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Update {
    /// Type, such as `AddonUpdate`.
    pub(crate) kind: String,
    /// What it is about within the cluster: an add-on, a node group.
    pub(crate) about: Option<String>,
    /// Parameters, by type.
    pub(crate) params: Vec<(String, String)>,
    /// When.
    pub(crate) at: Timestamp,
}

/// An access entry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// Last part of its ARN.
    pub(crate) id: String,
    /// `STANDARD`, `EC2_LINUX`, …
    pub(crate) kind: String,
    /// User name, perhaps with `{{SessionName}}` in it.
    pub(crate) username: String,
    /// Groups.
    pub(crate) groups: Vec<String>,
    /// Access policies.
    pub(crate) grants: Vec<Grant>,
    /// Creation.
    pub(crate) created: Timestamp,
    /// Last change.
    pub(crate) modified: Timestamp,
}

/// An access policy of an entry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Grant {
    /// ARN of the policy.
    pub(crate) policy: String,
    /// Namespaces that it is limited to; none is the whole cluster.
    pub(crate) namespaces: Option<Vec<String>>,
    /// When it was given, and last changed.
    pub(crate) since: Timestamp,
    pub(crate) modified: Timestamp,
}

/// More of an add-on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MoreOfAddon {
    /// Last part of its ARN.
    pub(crate) id: String,
    /// Configuration as it was given.
    pub(crate) configuration: Option<String>,
    /// ARNs of its Pod Identity associations.
    pub(crate) associations: Vec<String>,
}

/// More of an association.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MoreOfAssociation {
    /// Sessions have no tags.
    pub(crate) no_tags: bool,
    /// ARN of the add-on that it belongs to.
    pub(crate) owner: Option<String>,
}
