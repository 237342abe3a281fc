//! Finds web-identity failures in logs of any size and says what each one means.
//!
//! ```
//! use trustwalk_logs::Scanner;
//! use trustwalk_symptoms::Symptom;
//!
//! let mut scanner = Scanner::new();
//! // Where a chunk ends makes no difference.
//! scanner.feed(b"2026-05-04T09:30:00Z worker started\n2026-05-04T09:30:01Z An error occurred ");
//! scanner.feed(b"(AccessDenied) when calling the AssumeRoleWithWebIdentity operation: Not authorized ");
//! scanner.feed(b"to perform sts:AssumeRoleWithWebIdentity\n");
//! let summary = scanner.finish();
//! assert_eq!(summary.failures(), 1);
//! assert_eq!(summary.causes[0].failure.symptom, Symptom::NotAuthorizedWebIdentity);
//! ```
//!
//! [`Scanner`] takes a stream in chunks; [`scan_reader`] and [`scan_files`] read sources, compressed or not. What a
//! text means is judged by the `symptoms` crate. Deliberately absent: the network and the clock.

mod error;
mod scan;

pub use error::ScanError;
pub use scan::{
    CHUNK_BYTES, Cause, LONGEST_STAMP, MAX_CAUSES, MAX_EVENT_BYTES, MAX_LINE_BYTES, MAX_MENTIONS, MAX_REQUEST_IDS,
    MAX_SUCCESSES, MAX_TRAIL, MAX_UNCLEAR, Mentioned, Moment, Neighbours, Scanner, SeenSuccess, Starts, Summary,
    Unclear, same_failure, scan_files, scan_reader,
};
