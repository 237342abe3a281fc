//! `trustwalk logs`: web-identity failures in logs of any size.

use std::ffi::OsStr;
use std::io::Read as _;
use std::path::PathBuf;

use anyhow::Context as _;
use serde::Serialize;
use trustwalk_logs::{CHUNK_BYTES, MAX_LINE_BYTES, Scanner, Summary, scan_files, scan_reader};

use crate::args::{Format, LogsArgs};
use crate::exit::Exit;
use crate::style;
use trustwalk_render::{Ink, Next, Shown, Typed, ending};

/// Pause before a file that has not grown is looked at again.
const FOLLOW_PAUSE: std::time::Duration = std::time::Duration::from_millis(250);

/// What is printed for machines.
#[derive(Debug, Serialize)]
struct Report<'a> {
    schema: u32,
    #[serde(flatten)]
    summary: &'a Summary,
    unreadable: &'a [Unreadable],
}

/// A log that could not be read, or not to its end.
#[derive(Debug, Serialize)]
struct Unreadable {
    file: String,
    error: String,
}

/// Runs the command.
pub(crate) fn run(args: &LogsArgs, typed: &Typed) -> anyhow::Result<Exit> {
    if args.follow {
        return follow(args);
    }
    let mut unreadable = Vec::new();
    let summary = scan(args, &mut unreadable);
    // Nothing was read at all: that is no finding about any log.
    if summary.bytes == 0 && unreadable.len() == args.files.len() {
        let first = unreadable.into_iter().next().map(|u| (u.file, u.error)).unwrap_or_default();
        let source = std::io::Error::other(first.1);
        return Err(trustwalk_collect::CollectError::Read { path: first.0.into(), source }.into());
    }
    for gap in &unreadable {
        style::complain(format_args!("trustwalk: cannot read `{}`: {}", gap.file, gap.error));
    }
    match args.output {
        Format::Json | Format::Yaml => {
            let report = Report { schema: 1, summary: &summary, unreadable: &unreadable };
            style::say(&style::document(&report)?)?;
        }
        Format::Human => {
            let mut out = style::pen().page();
            out.append(words(&summary));
            out.append(verdict(args, typed, &summary, &unreadable));
            style::page(&out.shown())?;
        }
    }
    Ok(if summary.failures() > 0 {
        Exit::Findings
    } else if unreadable.is_empty() && summary.unclear.is_empty() && summary.mentioned.is_empty() && !summary.cut {
        Exit::Sound
    } else {
        Exit::Undetermined
    })
}

/// Reads what can be read.
fn scan(args: &LogsArgs, unreadable: &mut Vec<Unreadable>) -> Summary {
    let (stdin, files): (Vec<&PathBuf>, Vec<&PathBuf>) = args.files.iter().partition(|f| *f == OsStr::new("-"));
    let mut summary = Summary::default();
    if !stdin.is_empty() {
        crate::progress::reading_terminal();
        match scan_reader(std::io::stdin().lock()) {
            Ok(found) => summary.merge(found),
            Err(e) => unreadable.push(Unreadable { file: "-".to_owned(), error: e.to_string() }),
        }
    }
    let mut whole = Vec::new();
    for file in files {
        match trustwalk_collect::open_stream(file) {
            Ok(_) => whole.push(file.clone()),
            Err(e) => unreadable.push(Unreadable { file: file.display().to_string(), error: why(&e) }),
        }
    }
    let files = whole;
    if files.is_empty() {
        return summary;
    }
    let threads = args.threads.or_else(|| std::thread::available_parallelism().ok().map(usize::from)).unwrap_or(1);
    if let Ok(found) = scan_files(&files, threads) {
        summary.merge(found);
        return summary;
    }
    // One of them failed all: each by itself, so that the others are heard.
    for file in files {
        match scan_files(std::slice::from_ref(&file), threads) {
            Ok(found) => summary.merge(found),
            Err(e) => {
                unreadable.push(Unreadable { file: file.display().to_string(), error: why(&e) });
            }
        }
    }
    summary
}

/// The reason alone: the file is named beside it.
fn why(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), ToString::to_string)
}

fn words(summary: &Summary) -> Shown {
    let pen = style::pen();
    let mut out = pen.page();
    for c in &summary.causes {
        let f = &c.failure;
        out.line(format_args!(
            "{} {}  {}",
            pen.ink(Ink::Bad, "\u{d7}"),
            pen.ink(Ink::Strong, f.symptom.name()),
            counted(c.count, "time")
        ));
        out.line(format_args!("    {}", f.symptom.gist()));
        if let (Some(first), Some(last)) = (&c.first, &c.last) {
            out.line(format_args!("    first {first}, last {last}"));
        }
        let named = [
            ("role", &f.role_arn),
            ("issuer", &f.issuer),
            ("action", &f.denied_action),
            ("caller", &f.caller_arn),
            ("host", &f.host),
            ("detail", &f.detail),
        ];
        for (label, value) in named {
            if let Some(value) = value {
                out.line(format_args!("    {label:<7} {value}"));
            }
        }
        let near = &c.neighbours;
        let moments = [
            ("worked before", &near.succeeded_before),
            ("came again after a success", &near.again_after),
            ("started again", &near.restarted),
            ("worked again", &near.recovered),
        ];
        for (label, moment) in moments {
            if let Some(moment) = moment {
                out.line(format_args!("    {label}: {}", moment.at.as_deref().unwrap_or("the log gives no time")));
            }
        }
        if let Some(seconds) = near.after_start_seconds.filter(|s| *s > 0) {
            out.line(format_args!("    first {} after the start", lasting(seconds.unsigned_abs())));
        }
        if !c.request_ids.is_empty() {
            out.line(format_args!("    request {}", c.request_ids.join(", ")));
        }
        out.line(format_args!("    {}", pen.ink(Ink::Faint, &c.sample)));
        out.gap();
    }
    if unclear(summary) > 0 {
        out.line(format_args!("Not understood: {} about credentials.", counted(unclear(summary), "line")));
        for u in &summary.unclear {
            out.line(format_args!("    {}", pen.ink(Ink::Faint, &u.sample)));
        }
        out.gap();
    }
    if !summary.mentioned.is_empty() {
        out.line(format_args!("Quoted, not seen to happen:"));
        for m in &summary.mentioned {
            let (symptom, dress) = (m.mention.symptom.name(), m.mention.dress.words());
            out.line(format_args!("  {}  {symptom}, in {dress}", counted(m.count, "time")));
            out.line(format_args!("    {}", pen.ink(Ink::Faint, &m.mention.message)));
        }
        out.gap();
    }
    out.shown()
}

/// A duration in the unit that a person would take.
fn lasting(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// Lines about credentials that nobody understood.
fn unclear(summary: &Summary) -> u64 {
    summary.unclear.iter().map(|u| u.count).sum::<u64>() + summary.unclear_overflow
}

fn counted(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// What the logs come to, and what is next.
fn verdict(args: &LogsArgs, typed: &Typed, summary: &Summary, unreadable: &[Unreadable]) -> Shown {
    let failures = summary.failures();
    let mut parts = Vec::new();
    let (ink, label) = if failures > 0 {
        let kinds = summary.causes.len();
        let of = if kinds == 1 { "of one kind".to_owned() } else { format!("of {kinds} kinds") };
        parts.push(format!("{} of web identity, {of}", counted(failures, "failure")));
        (Ink::Bad, "Failures")
    } else {
        parts.push(format!("no web identity failure in {}", counted(summary.bytes, "byte")));
        let sound = unreadable.is_empty() && unclear(summary) == 0 && summary.mentioned.is_empty() && !summary.cut;
        if sound { (Ink::Good, "Ok") } else { (Ink::Odd, "Undetermined") }
    };
    if unclear(summary) > 0 {
        parts.push(format!("{} about credentials not understood", counted(unclear(summary), "line")));
    }
    if !summary.mentioned.is_empty() {
        let quoted = summary.mentioned.iter().map(|m| m.count).sum();
        parts.push(format!("{} of a failure that is not seen to happen", counted(quoted, "quotation")));
    }
    if summary.cut {
        parts.push("a file ends inside a record of CloudTrail: the rest of it is missing".to_owned());
    }
    if !unreadable.is_empty() {
        let logs = counted(u64::try_from(unreadable.len()).unwrap_or(u64::MAX), "log");
        parts.push(format!("{logs} could not be read"));
    }
    let next = if failures > 0 || unclear(summary) > 0 {
        let files: Vec<String> = args.files.iter().map(|f| f.display().to_string()).collect();
        Next::command(typed.of_logs(&files))
    } else {
        Next::default()
    };
    ending(ink, label, &parts.join("; "), &next, style::pen())
}

/// Reads on as the file grows, and says each new kind of failure once.
fn follow(args: &LogsArgs) -> anyhow::Result<Exit> {
    let [path] = args.files.as_slice() else {
        anyhow::bail!("--follow takes one file");
    };
    let mut file = std::fs::File::open(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    let mut buffer = vec![0; CHUNK_BYTES];
    let mut held = Vec::new();
    let mut told = std::collections::BTreeSet::new();
    loop {
        let n = file.read(&mut buffer)?;
        if n == 0 {
            std::thread::park_timeout(FOLLOW_PAUSE);
            continue;
        }
        held.extend_from_slice(buffer.get(..n).unwrap_or_default());
        // Whole lines only; the rest waits for its end, up to the length at which lines are cut anyway.
        let whole = match held.iter().rposition(|b| *b == b'\n') {
            Some(end) => end + 1,
            None if held.len() > MAX_LINE_BYTES => held.len(),
            None => continue,
        };
        let lines: Vec<u8> = held.drain(..whole).collect();
        let mut scanner = Scanner::new();
        scanner.feed(&lines);
        let mut fresh = scanner.finish();
        fresh.causes.retain(|c| told.insert((c.failure.symptom, c.failure.role_arn.clone(), c.failure.issuer.clone())));
        if !fresh.causes.is_empty() {
            style::say_to_reader(&words(&fresh))?;
        }
    }
}
