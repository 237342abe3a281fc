//! The lab cluster's nodes: a kubelet whose pods really exchange their tokens, the
//! agents in those pods, and the EKS pod-identity webhook.
//!
//! Nothing here shares code with the doctor: both follow AWS's and Kubernetes'
//! documents on their own.

mod agent;
mod caller;
mod config;
mod credentials;
mod kubelet;
mod webhook;

pub use caller::{CallError, Caller};
pub use config::{Imds, Network, NodeConfig, NodeRole, Reach, Settings};
pub use credentials::Credentials;
pub use kubelet::{NodeAgent, write_well};
pub use webhook::{Association, WebhookConfig, WebhookError, WebhookServer, WebhookSettings, mutate};
