//! Questions: each looks at its part of the evidence once and says of every cause that it may name whether the
//! evidence establishes it, speaks for it, excludes it or leaves it open.

mod addon;
mod answer;
mod changes;
mod ci;
mod client;
mod differs;
mod draft;
mod egress;
mod facts;
mod foreseen;
mod injection;
mod issuer;
mod names;
mod network;
mod permission;
mod permissions;
mod pod_identity;
mod provider;
mod selector;
mod sequence;
mod service_account;
mod session;
mod setup;
mod sources;
mod sts;
mod symptoms;
mod thumbprint;
mod token;
mod token_file;
mod trust;
mod trust_case;
mod trust_job;
mod trust_reasons;
mod trust_repair;
mod trust_subject;
mod vouch;
mod workload;

pub(crate) use answer::{Answers, answers};
pub(crate) use draft::{Draft, Judged};
pub(crate) use facts::{moment, told};
pub(crate) use sts::kept_from_sts;
pub(crate) use symptoms::{observed, recent};
pub(crate) use thumbprint::standing;
pub(crate) use trust::asked;
pub(crate) use trust_repair::admitted_besides;
