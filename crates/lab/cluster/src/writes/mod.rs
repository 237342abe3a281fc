//! The way of a write into the store.

pub(crate) mod pipeline;
mod validation;
mod webhooks;
