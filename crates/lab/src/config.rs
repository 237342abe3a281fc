//! How a lab starts, and where it is then found.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
};

use serde::{Deserialize, Serialize};
use trustwalk_lab_aws::{Propagation, Rate};

use crate::outside::Outside;

/// How AWS decides whether to trust an issuer's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TrustModel {
    /// Its trust library first, thumbprints otherwise: AWS since August 2024.
    LibraryFirst,
    /// Thumbprints alone: AWS at the time of the story, and compatible systems.
    ThumbprintOnly,
}

impl TrustModel {
    /// Name as the command line spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::LibraryFirst => "library-first",
            Self::ThumbprintOnly => "thumbprint-only",
        }
    }
}

/// Where the story stands when the lab starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Story {
    /// Everything on its own role, and well.
    Healthy,
    /// The VPC CNI still on the instances' role; nothing has failed yet.
    BeforeTheChange,
    /// None: an account with nothing in it, and no cluster.
    AccountAlone,
}

/// Ports on loopback; 0 takes a free one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Ports {
    /// AWS endpoint.
    pub aws: u16,
    /// Kubernetes API.
    pub kubernetes: u16,
    /// Issuers.
    pub issuer: u16,
    /// Control interface.
    pub control: u16,
}

/// On what terms a lab runs, besides its story.
#[derive(Debug, Clone, Default)]
pub struct Terms {
    /// Folder in which everything outlives the lab.
    pub state: Option<PathBuf>,
    /// Whether a lab that was kept goes on with the trust model that it had.
    pub model_as_before: bool,
    /// How late changes of IAM's are seen.
    pub propagation: Propagation,
    /// How often services may be asked, by their signing names.
    pub rates: BTreeMap<String, Rate>,
}

/// How a lab starts.
#[derive(Debug, Clone)]
pub struct LabConfig {
    /// Where the story stands.
    pub story: Story,
    /// How the account trusts certificates.
    pub trust_model: TrustModel,
    /// Ports.
    pub ports: Ports,
    /// Folder for the lab's files.
    pub state_dir: PathBuf,
    /// Issuers outside the lab.
    pub outside: Outside,
    /// Terms.
    pub terms: Terms,
}

/// Addresses of the running parts.
#[derive(Debug, Clone, Copy)]
pub struct Addresses {
    /// AWS endpoint, plain HTTP.
    pub aws: SocketAddr,
    /// Kubernetes API, HTTPS; none where the lab is an account alone.
    pub kubernetes: Option<SocketAddr>,
    /// Issuers, HTTPS.
    pub issuer: SocketAddr,
    /// Control interface, plain HTTP.
    pub control: SocketAddr,
}

/// Loopback with this port.
pub(crate) fn loopback(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}
