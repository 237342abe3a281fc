//! `trustwalk logs`: web-identity failures in logs of any size.

use std::fmt::Write as _;
use std::io::Read as _;
use std::path::PathBuf;

use anyhow::Context as _;
use trustwalk_logs::{CHUNK_BYTES, MAX_LINE_BYTES, Scanner, Summary, scan_files, scan_reader};

use crate::args::{Format, LogsArgs};
use crate::exit::Exit;
use crate::style::{self, Ink, Pen, harmless};

/// Pause before a file that has not grown is looked at again.
const FOLLOW_PAUSE: std::time::Duration = std::time::Duration::from_millis(250);

/// Runs the command.
pub(crate) fn run(args: &LogsArgs) -> anyhow::Result<Exit> {
    let format = args.output;
    if args.follow {
        return follow(args);
    }
    let stdin = args.files.iter().any(|f| f == "-");
    let mut summary = if stdin {
        scan_reader(std::io::stdin().lock()).context("cannot read standard input")?
    } else {
        Summary::default()
    };
    let files: Vec<PathBuf> = args.files.iter().filter(|f| *f != "-").map(PathBuf::from).collect();
    if !files.is_empty() {
        let threads = args.threads.or_else(|| std::thread::available_parallelism().ok().map(usize::from)).unwrap_or(1);
        summary.merge(scan_files(&files, threads)?);
    }
    match format {
        Format::Json => style::say(&serde_json::to_string_pretty(&summary)?)?,
        Format::Human => style::say(&words(&summary))?,
    }
    Ok(if summary.failures() > 0 { Exit::Findings } else { Exit::Sound })
}

fn words(summary: &Summary) -> String {
    let pen = Pen::stdout();
    let mut out = String::new();
    for c in &summary.causes {
        let f = &c.failure;
        let _ = writeln!(
            out,
            "{} {}  {} times",
            pen.ink(Ink::Bad, "\u{d7}"),
            pen.ink(Ink::Strong, f.symptom.name()),
            c.count
        );
        let _ = writeln!(out, "    {}", f.symptom.meaning());
        if let (Some(first), Some(last)) = (&c.first, &c.last) {
            let _ = writeln!(out, "    first {first}, last {last}");
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
                let _ = writeln!(out, "    {label:<8}{}", harmless(value));
            }
        }
        if !c.request_ids.is_empty() {
            let _ = writeln!(out, "    request {}", c.request_ids.join(", "));
        }
        let _ = writeln!(out, "    {}\n", pen.ink(Ink::Faint, &harmless(&c.sample)));
    }
    if summary.causes.is_empty() {
        let _ = writeln!(out, "No web identity failure in {} bytes.", summary.bytes);
    }
    out
}

/// Reads on as the file grows, and says each new kind of failure once.
fn follow(args: &LogsArgs) -> anyhow::Result<Exit> {
    let [path] = args.files.as_slice() else {
        anyhow::bail!("--follow takes one file");
    };
    let mut file = std::fs::File::open(path).with_context(|| format!("cannot read `{path}`"))?;
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
