//! Files of a container in which SDKs look for profiles and keys. What Secrets hold is never read.

use serde::{Deserialize, Serialize};

use super::Observed;
use super::kept::Variable;

/// A file in which SDKs look for profiles or keys (AWS SDKs and Tools Reference Guide, "Location of the shared config
/// and credentials files").
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct AwsFile {
    /// The name of the variable that names it; none where something is mounted at a place that ends in `.aws`, which is
    /// where SDKs look by default.
    pub variable: Option<String>,
    /// Its path in the container; of a mounted folder, the folder's.
    pub path: String,
    /// Where it is mounted from.
    pub from: FileOrigin,
    /// What it says, where it comes from a `ConfigMap`.
    pub profiles: Observed<Vec<AwsProfile>>,
}

impl AwsFile {
    /// The variable that names it.
    pub fn variable(&self) -> Option<Variable> {
        Variable::named(self.variable.as_deref()?)
    }
}

/// Where a file of a container comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum FileOrigin {
    /// No mount holds it: it is the image's own, or what a container writes.
    #[default]
    Image,
    /// A `ConfigMap` of the pod's namespace.
    ConfigMap {
        /// Its name.
        name: String,
        /// The entry; none where a whole folder is mounted.
        key: Option<String>,
    },
    /// A Secret of the pod's namespace.
    Secret {
        /// Its name.
        name: String,
        /// The entry; none where a whole folder is mounted.
        key: Option<String>,
    },
    /// A volume of another kind.
    Volume {
        /// Its name.
        name: String,
        /// Its kind, as the pod's specification names it: `hostPath`, `emptyDir`, `csi`, …
        volume_kind: String,
    },
}

/// A profile of a configuration file: what leads to a role, and of keys only that they are there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct AwsProfile {
    /// Its name, without `profile`.
    pub name: String,
    /// `role_arn`.
    pub role_arn: Option<String>,
    /// `web_identity_token_file`.
    pub web_identity_token_file: Option<String>,
    /// `source_profile`.
    pub source_profile: Option<String>,
    /// `credential_source`: `Environment`, `Ec2InstanceMetadata` or `EcsContainer`.
    pub credential_source: Option<String>,
    /// `role_session_name`.
    pub role_session_name: Option<String>,
    /// `region`.
    pub region: Option<String>,
    /// `sts_regional_endpoints`.
    pub sts_regional_endpoints: Option<String>,
    /// Whether it holds keys of its own (`aws_access_key_id`).
    pub has_keys: bool,
    /// Whether it names a program (`credential_process`).
    pub has_process: bool,
}
