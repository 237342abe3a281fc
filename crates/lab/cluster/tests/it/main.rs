//! The API server over real sockets: what clients, webhooks and people at a
//! kubectl prompt can rely on.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a helper that fails fails its test")]

mod api;
mod evictions;
mod kube_rs;
mod kubectl;
mod port_forward;
mod streams;
mod support;
mod webhooks;
mod workloads;
