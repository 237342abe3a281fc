//! Shared classification: each group looks at one part of the evidence once and names the most
//! specific cause, so that the rules of a group exclude one another.

mod ci;
mod draft;
mod facts;
mod foreseen;
mod injection;
mod issuer;
mod permission;
mod policy_edit;
mod provider;
mod reach;
mod selector;
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
mod trust_keys;
mod trust_principal;
mod trust_repair;
mod vouch;

pub(crate) use draft::{Draft, Judged};
pub(crate) use facts::{moment, role_account, token_gap};
pub(crate) use sts::{Refusal, kept_from_sts, refusal, succeeded};
pub(crate) use symptoms::recent;

pub(crate) use ci::causes as ci;
pub(crate) use injection::causes as injection;
pub(crate) use issuer::causes as issuer;
pub(crate) use provider::causes as provider;
pub(crate) use reach::causes as reach;
pub(crate) use service_account::causes as service_account;
pub(crate) use session::causes as session;
pub(crate) use thumbprint::{causes as thumbprint, standing};
pub(crate) use token::causes as token;
pub(crate) use trust::{asked, causes as trust};
pub(crate) use trust_repair::admitted_besides;
