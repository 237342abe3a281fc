//! Certificates that no generator writes: what RFC 5280 and the verifiers of today make of each.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod builder;
mod encodings;
mod names;
mod paths;
