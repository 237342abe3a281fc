//! A Kubernetes API server's worth of API on loopback: enough for the real
//! kubectl and kube-rs to work against, with the controllers that turn workloads
//! into pods. What it answers follows the Kubernetes API reference.
//!
//! Each folder knows only those before it: `objects`, `store`, `writes`, `controllers`, `api`.

mod api;
mod cluster;
mod config;
mod contract;
mod controllers;
mod objects;
mod rbac;
mod seed;
mod store;
mod tls;
mod user;
mod writes;

pub use cluster::{Cluster, ServeError};
pub use config::ClusterConfig;
pub use contract::{
    Clock, ExecResult, FnResolver, LogLine, Minted, NoNodes, NodeRuntime, NodeSpec, Resolve, TokenMinter, TokenSpec,
    VerifiedToken,
};
pub use objects::{
    address::{Gvr, Key},
    errors::ApiError,
    json,
    kinds::{KINDS, Kind, find_kind},
    selector::{Filter, matches_label_selector},
};
pub use store::{AT_REST, Event, EventKind, Seen, Store, Watch, Well, is_at_rest};
pub use tls::{TlsError, TlsMaterial};
pub use user::{Access, User};
