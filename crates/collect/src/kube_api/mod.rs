//! Reading the cluster: one client, raw JSON in, facts out.

mod agent;
mod answer;
mod aws_files;
mod bounded;
mod client;
mod connection;
mod exec;
mod facts;
mod kubeconfig;
mod list;
mod login;
mod logs;
mod network;
mod plugin;
mod port_forward;
mod probe;
mod read;
mod selector;
mod values;
mod webhook_ca;
mod webhooks;

pub(crate) use aws_files::{profiles, read_profiles};
pub use client::{KubeApi, KubeOptions, WriteError};
pub(crate) use facts::further as further_facts;
pub use facts::{pod, pod_spec, service_account, workload};
pub(crate) use kubeconfig::parse as parse_kubeconfig;
pub use logs::read_logs;
pub(crate) use network::SelectingPolicy;
pub(crate) use plugin::answered as parse_credential;
pub(crate) use read::of_cron;
pub use read::{Resource, WorkloadRef, resource};
pub(crate) use selector::takes_in;
