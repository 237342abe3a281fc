//! The way of a write into the store.

mod escalation;
pub(crate) mod limits;
pub(crate) mod pipeline;
mod policies;
mod review;
mod scopes;
mod validation;
pub(crate) mod warnings;
mod webhooks;
