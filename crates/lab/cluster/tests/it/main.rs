//! The API server over real sockets: what clients, webhooks and people at a
//! kubectl prompt can rely on.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a helper that fails fails its test")]
#![expect(clippy::needless_pass_by_value, reason = "parts of objects are written where they are needed")]

mod api;
mod charts;
mod checks;
mod custom;
mod evictions;
mod kube_rs;
mod kubectl;
mod lifecycle;
mod limits;
mod policies;
mod port_forward;
mod recorded;
mod refusals;
mod streams;
mod support;
mod webhooks;
mod workloads;
