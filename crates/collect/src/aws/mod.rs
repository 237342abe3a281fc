//! Reading the account: a signed client for the few operations a walk needs.
//!
//! Deliberately not the service SDKs: a dozen query and REST operations do not repay what the
//! SDKs cost to build and to start (see `docs/decisions`). Credentials, profiles, SSO and
//! regions do come from `aws-config`, so that trustwalk finds what the AWS CLI finds.

mod ask;
mod assume;
mod client;
mod cloudtrail;
mod credentials;
mod eks;
mod error;
mod failure;
mod iam;
mod pages;
mod pod_identity;
mod rest;
mod sts;
mod turns;
mod wire;
mod xml;

pub use ask::Allowed;
pub use client::{AwsClient, AwsOptions, Service};
pub(crate) use cloudtrail::read_event;
pub use cloudtrail::{LookUp, Looked};
pub(crate) use credentials::parse as parse_credentials;
pub use credentials::profiles;
pub use error::AwsError;
pub use iam::Simulated;
pub(crate) use iam::{read_role, with_document};
pub use sts::exchange_error;
pub(crate) use wire::service_error;
pub use xml::Element;
