//! What the issuer publishes and presents: one connection per document tells both.

mod error;
mod observe;
mod read;

pub use read::{IssuerFacts, MAX_KEYS, read_issuer};
