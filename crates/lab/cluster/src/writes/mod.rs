//! The way of a write into the store.

mod escalation;
pub(crate) mod limits;
pub(crate) mod pipeline;
mod policies;
mod review;
mod validation;
mod webhooks;
