//! Hostile and troubled APIs on loopback: what the doctor takes of them, and when it asks again.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

mod account;
mod cluster;
mod github;
mod memory;
mod pages;
mod server;
mod shared;
mod watching;
mod writing;
