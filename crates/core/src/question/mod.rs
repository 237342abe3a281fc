//! Questions: each looks at its part of the evidence once and says of every cause that it may name whether the
//! evidence establishes it, speaks for it, excludes it or leaves it open.

mod answer;
mod changes;
mod ci;
mod client;
mod differs;
mod draft;
mod facts;
mod foreseen;
mod injection;
mod issuer;
mod permission;
mod pod_identity;
mod policy_edit;
mod provider;
mod reach;
mod selector;
mod sequence;
mod service_account;
mod session;
mod setup;
mod sts;
mod subject;
mod symptoms;
mod thumbprint;
mod token;
mod trust;
mod trust_deny;
mod trust_job;
mod trust_keys;
mod trust_principal;
mod trust_repair;
mod vouch;

pub(crate) use answer::{Answers, answers};
pub(crate) use draft::{Draft, Judged};
pub(crate) use facts::{moment, told};
pub(crate) use sts::kept_from_sts;
pub(crate) use symptoms::{observed, recent};
pub(crate) use thumbprint::standing;
pub(crate) use trust::asked;
pub(crate) use trust_repair::admitted_besides;
