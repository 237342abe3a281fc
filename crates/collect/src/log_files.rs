//! Failures from log files and standard input.

use std::path::Path;

use trustwalk_core::evidence::{LogFailure, Observed, Source};
use trustwalk_logs::{Scanner, Summary};

/// Bytes read at a time.
const CHUNK: usize = 1 << 18;

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

/// Failures in a file, or in standard input for `-`. Any size, in bounded memory.
pub fn scan(path: &str, now: i64) -> Observed<Vec<LogFailure>> {
    let source = Source { what: format!("log {path}"), at: now, by_hand: None };
    let outcome =
        if path == "-" { read(std::io::stdin().lock()) } else { std::fs::File::open(Path::new(path)).and_then(read) };
    match outcome {
        Ok(summary) => Observed::Known { value: from_summary(summary, path), source },
        Err(e) => Observed::Unreachable { source, error: e.to_string() },
    }
}

fn read(mut reader: impl std::io::Read) -> std::io::Result<Summary> {
    let mut scanner = Scanner::new();
    let mut buffer = vec![0; CHUNK];
    loop {
        let n = reader.read(&mut buffer)?;
        if n == 0 {
            return Ok(scanner.finish());
        }
        if let Some(bytes) = buffer.get(..n) {
            scanner.feed(bytes);
        }
    }
}
