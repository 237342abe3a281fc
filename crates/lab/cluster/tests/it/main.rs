//! The API server over real sockets: what clients, webhooks and people at a
//! kubectl prompt can rely on.

mod api;
mod kube_rs;
mod kubectl;
mod streams;
mod support;
mod webhooks;
mod workloads;
