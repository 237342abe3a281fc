//! Audits of policies as people write them: what is wide with its witness, what is dead and why, and what is neither.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail by panicking")]

mod brute;
mod built_in;
mod dead;
mod reading;
mod registered;
mod review;
mod support;
mod tightening;
mod wide;
