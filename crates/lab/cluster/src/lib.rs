//! A Kubernetes API server's worth of API on loopback: enough for the real
//! kubectl and kube-rs to work against, with the controllers that turn workloads
//! into pods. What it answers follows the Kubernetes API reference.

mod admission;
mod apply_defaults;
mod authn;
mod cluster;
mod contract;
mod controllers;
mod discovery;
mod errors;
mod eviction;
mod fields;
mod history;
mod http;
pub mod json;
mod kinds;
mod meta;
mod openapi;
mod patch;
mod pipeline;
mod port_forward;
mod protobuf;
mod rbac;
mod request;
mod rest;
mod reviews;
mod seed;
mod selector;
mod store;
mod streams;
mod subresources;
mod tables;
mod tls;
mod token;
mod upgrade;
mod validation;
mod watch;

pub use cluster::{Cluster, ClusterConfig, ServeError};
pub use contract::{
    Clock, ExecResult, FnResolver, Minted, NoNodes, NodeRuntime, NodeSpec, Resolve, TokenMinter, TokenSpec,
    VerifiedToken,
};
pub use errors::ApiError;
pub use kinds::{KINDS, Kind, find_kind};
pub use rbac::{Access, User};
pub use selector::{Filter, matches_label_selector};
pub use store::{Event, EventKind, Gvr, Key, Store, Watch};
pub use tls::{TlsError, TlsMaterial};
