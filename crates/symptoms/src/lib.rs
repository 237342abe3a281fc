//! What a text says of a web-identity failure: which failure it is, and the values named in it.
//!
//! ```
//! use trustwalk_symptoms::{Symptom, classify};
//!
//! let failure = classify("caused by: InvalidIdentityToken: Incorrect token audience").unwrap();
//! assert_eq!(failure.symptom, Symptom::IncorrectAudience);
//! ```
//!
//! [`classify`] judges one text; the `logs` crate finds such texts in streams of any size. Deliberately absent:
//! files, threads, the network, the clock, and any conclusion beyond what the text itself says.

mod classify;
mod cloudtrail;
mod code;
mod cut;
mod facts;
mod failure;
mod hook;
mod judge;
mod marks;
mod mention;
mod named;
mod needles;
mod network;
mod parts;
mod refusal;
mod rules;
mod special;
mod start;
mod success;
mod symptom;
mod tells;
mod text;
mod told;

pub use classify::{classify, classify_all, read};
pub use cloudtrail::{MAX_RECORD_BYTES, Outcome, TrailEvent, TrailRecord};
pub use code::of_code;
pub use facts::{
    Cluster, Frame, KeyId, Partition, Region, Resource, SaidTimes, Scheme, ServiceAccount, Subject, TokenPath, Webhook,
};
pub use failure::{Failure, Sdk};
pub use hook::{WebhookCall, webhook_call};
pub use mention::{Dress, Mention};
pub use named::{Named, Object, named};
pub use needles::{Finder, needles};
pub use success::{Success, SuccessKind};
pub use symptom::Symptom;
pub use tells::Tells;
pub use text::{Stamp, gist, line, written};
pub use told::Told;
