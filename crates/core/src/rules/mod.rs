//! The rules: one root cause, one file, one judgement.

mod exchange;
mod injection;
mod issuer;
mod keys;
mod permissions;
mod provider;
mod registry;
mod service_account;
mod shape;
mod tls;
mod token;
mod trust;
mod workload;

pub use registry::{all, by_code_or_name};
use shape::{by_name, rule};
