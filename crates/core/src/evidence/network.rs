//! What a network policy lets out, exactly (Kubernetes API reference, `NetworkPolicyEgressRule`).

use serde::{Deserialize, Serialize};

/// One rule of a policy's egress: it lets out what goes to one of the peers and to one of the ports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct NetworkRule {
    /// Where to; empty means everywhere.
    pub peers: Vec<NetworkPeer>,
    /// Which ports; empty means all.
    pub ports: Vec<NetworkPort>,
}

/// Whom a rule lets a pod reach.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum NetworkPeer {
    /// Addresses.
    Block {
        /// The network.
        cidr: String,
        /// Networks inside it that are left out.
        except: Vec<String>,
    },
    /// Pods, by the selectors' JSON: no address outside the cluster.
    Pods {
        /// `namespaceSelector`; without it the policy's own namespace is meant.
        namespaces: Option<String>,
        /// `podSelector`; without it all pods are meant.
        pods: Option<String>,
    },
}

/// A port, or ports, that a rule names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct NetworkPort {
    /// `TCP`, `UDP` or `SCTP`.
    pub protocol: String,
    /// The port; without one all ports of the protocol are meant.
    pub port: Option<u16>,
    /// The last port of a range that begins with `port`.
    pub end: Option<u16>,
    /// The name of a port of the pods reached, where it has no number.
    pub name: Option<String>,
}
