//! An AWS account on loopback: IAM, STS, EKS, EC2 and `CloudTrail` in their wire formats.
//!
//! It decides as AWS documents and reports it, and shares no code with the doctor.

mod account;
mod arns;
mod assume;
mod callers;
mod catalogue;
mod cloudtrail;
mod details;
mod ec2;
mod eks;
mod guard;
mod http;
mod iam;
mod identity;
mod jwt;
mod language;
mod layout;
mod look;
mod managed;
mod oidc;
mod origin;
mod outcome;
mod paging;
mod passed;
mod pod_identity;
mod policy;
mod principals;
mod profiles;
mod providers;
mod query;
mod requests;
mod role_xml;
mod roles;
mod s3;
mod save;
mod sigv4;
mod simulate;
mod state;
mod sts;
mod tags;
mod trail;
mod trust;
mod validate;

pub use account::{Account, AccountConfig, Clock, Dialer, Follower, TrustModel};
pub use eks::{AccessPolicy, Login};
pub use look::Look;
pub use state::{Addon, AddonIssue, Association, Cluster, Credentials, Provider, Role};
