//! A scenario as its file has it.

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{Error, SeqAccess, Unexpected, Visitor},
};
use serde_json::Value;
use serde_saphyr::Spanned;
use trustwalk_lab_issuer::pki::Presentation;

use super::documents::DocumentsForm;

/// A text with its place in the file.
pub(crate) type Word = Spanned<String>;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Form {
    #[serde(default)]
    pub(crate) accounts: Vec<AccountForm>,
    #[serde(default)]
    pub(crate) issuers: Vec<IssuerForm>,
    #[serde(default)]
    pub(crate) clusters: Vec<ClusterForm>,
    #[serde(default)]
    pub(crate) fleets: Vec<FleetForm>,
    #[serde(default)]
    pub(crate) faults: Vec<FaultForm>,
}

/// An account.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct AccountForm {
    pub(crate) id: Word,
    pub(crate) alias: Word,
    pub(crate) region: Option<String>,
    #[serde(default)]
    pub(crate) users: Vec<UserForm>,
    #[serde(default)]
    pub(crate) policies: Vec<PolicyForm>,
    #[serde(default)]
    pub(crate) providers: Vec<ProviderForm>,
    #[serde(default)]
    pub(crate) roles: Vec<RoleForm>,
}

/// A user with keys.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct UserForm {
    pub(crate) name: Word,
    #[serde(default)]
    pub(crate) allow: Vec<String>,
    #[serde(default)]
    pub(crate) policies: Vec<Value>,
}

/// A managed policy of the account's own.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct PolicyForm {
    pub(crate) name: Word,
    pub(crate) document: Value,
}

/// An identity provider.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct ProviderForm {
    pub(crate) issuer: Word,
    pub(crate) client_ids: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) thumbprints: Thumbprints,
}

/// What is registered of an issuer's certificates.
#[derive(Debug, Default)]
pub(crate) enum Thumbprints {
    /// What IAM would have found when the provider was made, before anything befell the chain.
    #[default]
    Auto,
    /// These.
    Listed(Vec<String>),
}

impl<'de> Deserialize<'de> for Thumbprints {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Thumbprints;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`auto` or a list of thumbprints")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Thumbprints, E> {
                if text == "auto" { Ok(Thumbprints::Auto) } else { Err(E::invalid_value(Unexpected::Str(text), &self)) }
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Thumbprints, A::Error> {
                let mut all = Vec::new();
                while let Some(one) = items.next_element::<String>()? {
                    all.push(one.to_ascii_lowercase());
                }
                Ok(Thumbprints::Listed(all))
            }
        }
        from.deserialize_any(Either)
    }
}

/// A role.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct RoleForm {
    pub(crate) name: Word,
    pub(crate) trust: Vec<Spanned<TrustForm>>,
    #[serde(default)]
    pub(crate) allow: Vec<String>,
    #[serde(default)]
    pub(crate) inline: BTreeMap<String, Value>,
    #[serde(default)]
    pub(crate) attached: Vec<String>,
    pub(crate) boundary: Option<String>,
    pub(crate) max_session: Option<i64>,
}

/// One statement of a trust policy, in one of its short forms or in full.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct TrustForm {
    /// A cluster, whose tokens are trusted, or any issuer.
    pub(crate) issuer: Option<Word>,
    /// `NAMESPACE/NAME` of a service account; `*` stands for any text.
    pub(crate) service_account: Option<String>,
    /// `sub` of the token; `*` stands for any text.
    pub(crate) subject: Option<String>,
    /// `aud` of the token, `sts.amazonaws.com` unless it is said.
    pub(crate) audience: Option<String>,
    /// `ACCOUNT/ROLE`, by alias or id.
    pub(crate) role: Option<Word>,
    /// An account, by alias or id.
    pub(crate) account: Option<Word>,
    /// A service of AWS's.
    pub(crate) service: Option<String>,
    /// A whole statement.
    pub(crate) statement: Option<Value>,
}

/// What kind of issuer it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    Github,
    GithubEnterprise,
    Gitlab,
    GitlabSelfManaged,
    Circleci,
    Buildkite,
    TerraformCloud,
    Bucket,
    Spire,
    Other,
}

/// An issuer outside EKS.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct IssuerForm {
    pub(crate) name: Word,
    pub(crate) kind: Kind,
    pub(crate) url: Option<Word>,
    /// Claims of its tokens, besides and in place of those of its kind.
    #[serde(default)]
    pub(crate) claims: BTreeMap<String, Value>,
    #[serde(default)]
    pub(crate) chain: ChainForm,
    #[serde(default)]
    pub(crate) documents: DocumentsForm,
}

/// What befell an issuer's chain.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct ChainForm {
    /// Whether it stands behind new authorities since its providers were made.
    #[serde(default)]
    pub(crate) rotated: bool,
    #[serde(default)]
    pub(crate) presented: Presented,
    /// Whether older versions of TLS are refused.
    #[serde(default)]
    pub(crate) tls13_only: bool,
}

/// How a chain is presented.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Presented {
    #[default]
    Full,
    LeafOnly,
    NoIntermediate,
    CrossSignDropped,
    Reordered,
    Duplicated,
    Expired,
    WrongHost,
    Intercepted,
    SelfSigned,
}

impl From<Presented> for Presentation {
    fn from(presented: Presented) -> Self {
        match presented {
            Presented::Full => Self::Full,
            Presented::LeafOnly => Self::LeafOnly,
            Presented::NoIntermediate => Self::NoIntermediate,
            Presented::CrossSignDropped => Self::NoOldestCrossSign,
            Presented::Reordered => Self::Reordered,
            Presented::Duplicated => Self::Duplicated,
            Presented::Expired => Self::Expired,
            Presented::WrongHost => Self::WrongHost,
            Presented::Intercepted => Self::Intercepted,
            Presented::SelfSigned => Self::SelfSigned,
        }
    }
}

/// An EKS cluster.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct ClusterForm {
    pub(crate) name: Word,
    pub(crate) account: Word,
    /// Whether it has an API server; without one there is its issuer and what EKS says of it.
    #[serde(default)]
    pub(crate) served: bool,
    pub(crate) nodes: Option<u8>,
    #[serde(default)]
    pub(crate) chain: ChainForm,
    #[serde(default)]
    pub(crate) documents: DocumentsForm,
    #[serde(default)]
    pub(crate) workloads: Vec<WorkloadForm>,
    #[serde(default)]
    pub(crate) manifests: Vec<Spanned<Value>>,
    #[serde(default)]
    pub(crate) manifest_files: Vec<Word>,
    /// Workloads at rest, of a fleet.
    #[serde(skip)]
    pub(crate) rest: Vec<Rest>,
}

/// A workload of a fleet, whose pods are at rest.
#[derive(Debug, Clone)]
pub(crate) struct Rest {
    pub(crate) namespace: String,
    pub(crate) role: String,
    pub(crate) image: String,
    pub(crate) pods: u32,
}

/// Clusters in numbers, `NAME-0001` and so on, with their issuers, providers, roles and pods.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct FleetForm {
    pub(crate) name: Word,
    pub(crate) account: Word,
    pub(crate) clusters: u32,
    /// How many of them have an API server: the first ones.
    #[serde(default)]
    pub(crate) served: u32,
    /// Roles, each for a service account of its own, shared out evenly among the clusters.
    #[serde(default)]
    pub(crate) roles: u32,
    /// Pods at rest, shared out evenly among the clusters that have an API server.
    #[serde(default)]
    pub(crate) pods: u32,
    /// Image of the pods.
    #[serde(default = "image")]
    pub(crate) image: String,
    #[serde(default)]
    pub(crate) chain: ChainForm,
}

fn image() -> String {
    "registry.lab.example/app-go:2.31.0".to_owned()
}

/// A workload whose service account, of its own name, has a role.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct WorkloadForm {
    /// `NAMESPACE/NAME`.
    pub(crate) name: Word,
    #[serde(default)]
    pub(crate) kind: WorkloadKind,
    pub(crate) image: String,
    pub(crate) replicas: Option<u32>,
    /// Whether its pods share their node's network.
    #[serde(default)]
    pub(crate) host_network: bool,
    /// A role of the cluster's account by its name, or of another one as `ACCOUNT/ROLE`.
    pub(crate) role: Option<Word>,
    #[serde(default)]
    pub(crate) env: BTreeMap<String, String>,
}

/// Kinds of workloads in the short form.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum WorkloadKind {
    #[default]
    Deployment,
    Daemonset,
}

/// A fault from the start.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct FaultForm {
    pub(crate) fault: Word,
    /// `CLUSTER/NAMESPACE/NAME` of a workload in the short form.
    pub(crate) on: Word,
}
