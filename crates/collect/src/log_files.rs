//! Failures from log files and standard input.

use std::path::Path;

use trustwalk_core::evidence::{LogFailure, Observed, Source};
use trustwalk_logs::{Summary, scan_reader};

use crate::files::open_stream;

/// One entry per distinct failure of a summary.
pub(crate) fn from_summary(summary: Summary, origin: &str) -> Vec<LogFailure> {
    summary
        .causes
        .into_iter()
        .map(|c| LogFailure {
            origin: origin.to_owned(),
            count: c.count,
            first: c.first,
            last: c.last,
            sample: c.sample,
            failure: c.failure,
        })
        .collect()
}

/// Failures in a file, or in standard input for `-`: plain, gzip or zstd, of any size, in bounded memory.
pub fn scan(path: &str, now: i64) -> Observed<Vec<LogFailure>> {
    let source = Source { what: format!("log {path}"), at: now, by_hand: None };
    let outcome = if path == "-" {
        scan_reader(std::io::stdin().lock()).map_err(|e| e.to_string())
    } else {
        let opened = open_stream(Path::new(path)).map_err(|e| e.in_full());
        opened.and_then(|file| scan_reader(file).map_err(|e| e.to_string()))
    };
    match outcome {
        Ok(summary) => Observed::Known { value: from_summary(summary, path), source },
        Err(error) => Observed::Unreachable { source, error },
    }
}
