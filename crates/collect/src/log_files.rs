//! What log files and standard input say.

use std::path::Path;

use trustwalk_core::evidence::{
    Besides, Happening, LogFailure, LogMention, LogRecord, LogSuccess, LogUnclear, LogsRead, Neighbours, Observed,
    Source,
};
use trustwalk_core::observation::Witness;
use trustwalk_logs::{Cause, Moment, Summary, same_failure, scan_reader};
use trustwalk_symptoms::{Failure, Outcome, TrailRecord};

use crate::files::open_stream;

/// All that a summary tells: one entry per distinct failure, and what was said besides. Of a record of `CloudTrail`
/// that was refused the summary tells a failure too; each is told once here, with whose it was.
pub(crate) fn from_summary(summary: Summary, origin: &str) -> LogsRead {
    let mut read = LogsRead::default();
    let mut causes = summary.causes;
    for record in summary.trail {
        if record.outcome == Outcome::Succeeded {
            read.besides.records.push(LogRecord { origin: origin.to_owned(), record });
        } else {
            for refused in record.clone().told().failures {
                if let Some(same) = causes.iter_mut().find(|c| c.count > 0 && alike(&c.failure, &refused)) {
                    same.count -= 1;
                }
                enter(&mut read.failures, of_record(refused, &record, origin));
            }
        }
    }
    let lines = causes.into_iter().filter(|c| c.count > 0).map(|c| of_line(c, origin));
    read.failures.extend(lines);
    // Records are no lines: their successes are told by the records themselves.
    let of_record = |message: &str| {
        read.besides.records.iter().any(|r| r.record.clone().told().success.is_some_and(|s| s.message == message))
    };
    let successes: Vec<LogSuccess> = summary
        .successes
        .into_iter()
        .filter(|s| !of_record(&s.success.message))
        .map(|s| LogSuccess {
            origin: origin.to_owned(),
            place: None,
            count: s.count,
            first: s.first.at,
            last: s.last.at,
            success: s.success,
        })
        .collect();
    read.besides = Besides {
        successes,
        unclear: summary
            .unclear
            .into_iter()
            .map(|u| LogUnclear { origin: origin.to_owned(), count: u.count, last: u.last, sample: u.sample })
            .collect(),
        mentioned: summary
            .mentioned
            .into_iter()
            .map(|m| LogMention { origin: origin.to_owned(), count: m.count, mention: m.mention })
            .collect(),
        uncounted: summary.overflow + summary.unclear_overflow + summary.trail_overflow + u64::from(summary.cut),
        unread: None,
        records: std::mem::take(&mut read.besides.records),
    };
    read
}

/// Whether the scanner counts both as one.
fn alike(a: &Failure, b: &Failure) -> bool {
    same_failure(a, b)
}

fn of_line(c: Cause, origin: &str) -> LogFailure {
    let near = c.neighbours;
    let at = |moment: Option<Moment>| moment.map(|m| Happening { at: m.at });
    LogFailure {
        origin: origin.to_owned(),
        places: Vec::new(),
        count: c.count,
        first: c.first,
        last: c.last,
        sample: c.sample,
        failure: c.failure,
        witness: Witness::Log,
        neighbours: Neighbours {
            started: near.started.is_some(),
            after_start_seconds: near.after_start_seconds,
            succeeded_before: at(near.succeeded_before),
            recovered: at(near.recovered),
            again_after: at(near.again_after),
            restarted: at(near.restarted),
        },
    }
}

fn of_record(mut failure: Failure, record: &TrailRecord, origin: &str) -> LogFailure {
    let named = [
        ("role", record.role_arn.as_deref()),
        ("issuer", record.issuer.as_deref()),
        ("subject", record.subject.as_ref().map(trustwalk_symptoms::Subject::as_str)),
        ("audience", record.audience.as_deref()),
        ("from", record.source_ip.as_deref()),
        ("client", record.user_agent.as_deref()),
    ];
    let named: Vec<String> = named.iter().filter_map(|(label, v)| Some(format!("{label} {}", (*v)?))).collect();
    let sample = format!("{} ({})", failure.message, named.join(", "));
    (failure.ts, failure.request_id) = (None, None);
    LogFailure {
        origin: origin.to_owned(),
        places: Vec::new(),
        count: 1,
        first: record.at.clone(),
        last: record.at.clone(),
        sample,
        failure,
        witness: Witness::Trail,
        neighbours: Neighbours::default(),
    }
}

/// Records of one identity that were refused alike are one failure.
fn enter(all: &mut Vec<LogFailure>, one: LogFailure) {
    let like = |o: &&mut LogFailure| {
        alike(&o.failure, &one.failure)
            && (&o.failure.subject, &o.failure.audience, &o.failure.host)
                == (&one.failure.subject, &one.failure.audience, &one.failure.host)
    };
    if let Some(same) = all.iter_mut().find(like) {
        same.count += 1;
        // One form, UTC: the texts order as the times do.
        if one.last > same.last {
            same.last = one.last;
        }
        if one.first.is_some() && (one.first < same.first || same.first.is_none()) {
            same.first = one.first;
        }
        return;
    }
    all.push(one);
}

/// Of what logs say, that which is not known to be older than a time: a line without a time may be new.
pub(crate) fn newer(mut read: LogsRead, from: i64) -> LogsRead {
    let is_new = |at: &Option<String>| {
        let time = at.as_deref().and_then(|text| text.parse::<jiff::Timestamp>().ok());
        time.is_none_or(|time| time.as_second() >= from)
    };
    read.failures.retain(|f| is_new(&f.last));
    read.besides.successes.retain(|s| is_new(&s.last));
    read.besides.unclear.retain(|u| is_new(&u.last));
    read.besides.records.retain(|r| is_new(&r.record.at));
    read
}

/// What a file, or standard input for `-`, says: plain, gzip or zstd, of any size, in bounded memory.
pub fn scan(path: &str, now: i64) -> Observed<LogsRead> {
    scan_given(path, None, now)
}

/// The same, where what stands for standard input may have been read already.
pub(crate) fn scan_given(path: &str, read: Option<&[u8]>, now: i64) -> Observed<LogsRead> {
    let piped = path == "-";
    let origin = if piped { "standard input" } else { path };
    let source = Source { what: format!("log {origin}"), at: now, by_hand: None };
    let outcome = if let Some(bytes) = read.filter(|_| piped) {
        scan_reader(bytes).map_err(|e| e.to_string())
    } else if piped {
        let _waiting = crate::waits::begin("standard input");
        scan_reader(std::io::stdin().lock()).map_err(|e| e.to_string())
    } else {
        let opened = open_stream(Path::new(path)).map_err(|e| e.in_full());
        opened.and_then(|file| scan_reader(file).map_err(|e| e.to_string()))
    };
    match outcome {
        Ok(summary) => Observed::Known { value: from_summary(summary, origin), source },
        Err(error) => Observed::Unreachable { source, error },
    }
}
