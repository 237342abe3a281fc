//! Finds web-identity failures in logs of any size and says what each one means.
//!
//! [`classify`] judges one text; [`Scanner`] takes a stream in chunks; [`scan_reader`] and
//! [`scan_files`] read sources, compressed or not. Deliberately absent: the network, the
//! clock, and any conclusion beyond what the line itself says.

mod classify;
mod error;
mod failure;
mod needles;
mod rules;
mod scan;
mod symptom;
mod text;

pub use classify::{classify, classify_all};
pub use error::ScanError;
pub use failure::{Failure, Sdk};
pub use needles::needles;
pub use scan::{
    CHUNK_BYTES, Cause, MAX_CAUSES, MAX_EVENT_BYTES, MAX_LINE_BYTES, MAX_REQUEST_IDS, Scanner, Summary, scan_files,
    scan_reader,
};
pub use symptom::Symptom;
pub use text::redact;
