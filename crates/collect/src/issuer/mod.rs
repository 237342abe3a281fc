//! What the issuer publishes and presents: one connection per document tells both.

mod observe;
mod read;
mod witness;

pub use read::{IssuerFacts, read_issuer};
