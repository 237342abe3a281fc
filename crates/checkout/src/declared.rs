//! What files declare, whatever format they have.

use super::node::Node;
use super::place::{Place, Said};
use super::text::Text;

/// Which kind of file something was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// A Kubernetes manifest.
    Kubernetes,
    /// Terraform's language.
    Terraform,
    /// A Terraform plan as JSON.
    TerraformPlan,
    /// A CloudFormation or SAM template, the output of `cdk synth` included.
    CloudFormation,
    /// A cluster config of eksctl.
    Eksctl,
    /// Values of a Helm chart.
    HelmValues,
    /// Values of a release that goes to the namespace of the object that declares it.
    HelmRelease,
    /// A trust policy by itself.
    TrustPolicy,
}

/// Where a declaration comes from, and how the file names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The kind of file.
    pub format: Format,
    /// Its address there: `aws_iam_role.cni`, `Resources.CniRole`, `ServiceAccount/kube-system/aws-node`.
    pub address: String,
    /// The whole of it.
    pub at: Place,
}

/// An IAM role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Where it is declared.
    pub from: Identity,
    /// Its ARN, as far as it is known: `arn:aws:iam::${account}:role/cni`.
    pub arn: Text,
    /// Its name; unknown where the tool makes one.
    pub name: Said<Text>,
    /// Its trust policy as a tree, with the place of each value; what is unknown as a whole is its value.
    pub trust: Node,
    /// Its policies.
    pub policies: Vec<Policy>,
    /// The ARN of its permissions boundary.
    pub boundary: Option<Said<Text>>,
    /// Its longest session in seconds, where it is told.
    pub max_session: Option<Said<Text>>,
    /// How many of it there are is not known (`count`, `for_each`, `Condition`): the expression that decides.
    pub perhaps: Option<String>,
}

/// A policy of a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Its name or ARN.
    pub name: Text,
    /// Its document, where the files have it.
    pub document: Option<Node>,
    /// Where it is declared or attached.
    pub at: Place,
}

/// An IAM OIDC provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    /// Where it is declared.
    pub from: Identity,
    /// Its ARN, as far as it is known.
    pub arn: Text,
    /// Its URL as written.
    pub url: Said<Text>,
    /// Its client ids.
    pub client_ids: Vec<Said<Text>>,
    /// Its thumbprints; `None` where the tool or IAM chooses them.
    pub thumbprints: Option<Vec<Said<Text>>>,
    /// As in [`Role::perhaps`].
    pub perhaps: Option<String>,
}

/// An EKS cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// Where it is declared.
    pub from: Identity,
    /// Its name.
    pub name: Said<Text>,
    /// Its issuer URL: a symbol until it is made, unless the file refers to one that is.
    pub issuer: Text,
    /// Whether its nodes have the agent of Pod Identity built in, as those of EKS Auto Mode do, or whether that is not
    /// known (EKS User Guide, "Set up the Amazon EKS Pod Identity Agent").
    pub built_in_agent: bool,
}

/// An EKS add-on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addon {
    /// Where it is declared.
    pub from: Identity,
    /// Its cluster's name.
    pub cluster: Text,
    /// Its name, such as `vpc-cni`.
    pub name: Said<Text>,
    /// The ARN of the role of its service account.
    pub role: Option<Said<Text>>,
    /// Namespace and name of the service account that it gives the role, where they are known by its name.
    pub account: Option<(Text, Text)>,
}

/// A Pod Identity association.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Association {
    /// Where it is declared.
    pub from: Identity,
    /// Its cluster's name.
    pub cluster: Text,
    /// Namespace.
    pub namespace: Said<Text>,
    /// Service account.
    pub account: Said<Text>,
    /// The ARN of the role.
    pub role: Said<Text>,
}

/// A Kubernetes service account, also one that a tool makes from its own file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Where it is declared.
    pub from: Identity,
    /// Its cluster's name, where the file tells.
    pub cluster: Option<Text>,
    /// Namespace, where the file tells.
    pub namespace: Option<Said<Text>>,
    /// Name.
    pub name: Said<Text>,
    /// Its annotations.
    pub annotations: Vec<(Said<Text>, Said<Text>)>,
}

/// A workload of Kubernetes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workload {
    /// Where it is declared.
    pub from: Identity,
    /// Kind, such as `Deployment`.
    pub kind: String,
    /// Namespace, where the file tells.
    pub namespace: Option<Said<Text>>,
    /// Name.
    pub name: Said<Text>,
    /// The service account of its pods; `default` where none is named.
    pub account: Said<Text>,
    /// The template of its pods (`metadata` and `spec`).
    pub template: Node,
}

/// What was not read, and why, in words for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// Where.
    pub at: Place,
    /// Why, and what to do, in words that repeat no value of the file.
    pub why: String,
}

/// All that files declare.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Declared {
    /// Roles.
    pub roles: Vec<Role>,
    /// Providers.
    pub providers: Vec<Provider>,
    /// Clusters.
    pub clusters: Vec<Cluster>,
    /// Add-ons.
    pub addons: Vec<Addon>,
    /// Associations.
    pub associations: Vec<Association>,
    /// Service accounts.
    pub accounts: Vec<Account>,
    /// Workloads.
    pub workloads: Vec<Workload>,
    /// What was not read.
    pub unread: Vec<Unread>,
}

impl Declared {
    /// Adds what another file declares.
    pub fn add(&mut self, other: Self) {
        self.roles.extend(other.roles);
        self.providers.extend(other.providers);
        self.clusters.extend(other.clusters);
        self.addons.extend(other.addons);
        self.associations.extend(other.associations);
        self.accounts.extend(other.accounts);
        self.workloads.extend(other.workloads);
        self.unread.extend(other.unread);
    }

    /// Adds of another what is not there yet: the same thing read twice is one.
    pub(crate) fn add_new(&mut self, other: Self) {
        fn new<T: PartialEq>(all: &mut Vec<T>, more: Vec<T>) {
            for one in more {
                if !all.contains(&one) {
                    all.push(one);
                }
            }
        }
        new(&mut self.roles, other.roles);
        new(&mut self.providers, other.providers);
        new(&mut self.clusters, other.clusters);
        new(&mut self.addons, other.addons);
        new(&mut self.associations, other.associations);
        new(&mut self.accounts, other.accounts);
        new(&mut self.workloads, other.workloads);
        new(&mut self.unread, other.unread);
    }

    /// Whether it gives a service account a role, by annotation or by association.
    pub fn gives_a_role(&self) -> bool {
        let annotated = |a: &Account| {
            a.annotations.iter().any(|(key, _)| key.value.known() == Some(crate::eksctl::ROLE_ANNOTATION))
        };
        !self.associations.is_empty() || self.accounts.iter().any(annotated)
    }
}
