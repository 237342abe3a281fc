//! An AWS account on loopback: IAM, STS, EKS, EC2 and `CloudTrail` in their wire formats.
//!
//! It decides as AWS documents and reports it, and shares no code with the doctor.

mod account;
mod callers;
mod cloudtrail;
mod ec2;
mod eks;
mod http;
mod iam;
mod jwt;
mod outcome;
mod policy;
mod providers;
mod query;
mod roles;
mod sigv4;
mod state;
mod sts;
mod trust;

pub use account::{Account, AccountConfig, Clock, Dialer, TrustModel};
pub use state::{Addon, Association, Cluster, Credentials, Provider, Role};
