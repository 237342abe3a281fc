//! The rules, in the order of their codes.

mod definition;
mod exchange;
mod injection;
mod issuer;
mod keys;
mod permissions;
mod provider;
mod registry;
mod service_account;
mod tls;
mod token;
mod trust;
mod workload;

pub use registry::{all, by_code_or_name};
