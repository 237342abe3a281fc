//! The way into a running lab from another process: a loopback HTTP interface with a
//! random bearer token, and its client.

mod client;
mod server;

pub use client::Client;
pub(crate) use server::{State, serve};
