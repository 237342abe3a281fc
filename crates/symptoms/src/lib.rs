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
mod failure;
mod needles;
mod rules;
mod symptom;
mod text;

pub use classify::{classify, classify_all};
pub use failure::{Failure, Sdk};
pub use needles::{Finder, needles};
pub use symptom::Symptom;
pub use text::{Stamp, line, written};
