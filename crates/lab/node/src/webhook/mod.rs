//! The EKS pod-identity webhook: what it does to pods, and the server doing it.

mod mutate;
mod server;

pub use mutate::{Association, WebhookConfig, mutate};
pub use server::{WebhookError, WebhookServer, WebhookSettings};
