//! A report for machines: code scanning, test reports, annotations, code quality.

use std::fmt::Write as _;
use std::io::Write as _;

use serde_json::{Map, json};
use trustwalk_audit::sarif::{Level, SarifPlace, SarifResult, SarifRule, SarifTool, sarif as document};
use trustwalk_core::cause::Cause;
use trustwalk_core::severity::Severity;
use trustwalk_preflight::{Found, Report, Spot, TrustChange};
use trustwalk_render::Shown;

use super::{line, nowhere, words};

fn level(severity: Severity) -> Level {
    match severity {
        Severity::Error => Level::Error,
        Severity::Warning => Level::Warning,
        Severity::Info => Level::Note,
    }
}

fn place(at: &Spot) -> SarifPlace {
    let column = |c: u32| (c < u32::MAX).then(|| u64::from(c));
    SarifPlace {
        file: at.file.clone(),
        line: Some(u64::from(at.line)),
        column: column(at.column),
        end_line: Some(u64::from(at.end_line)),
        end_column: column(at.end_column),
    }
}

pub(super) fn message(found: &Found) -> String {
    let finding = &found.finding;
    let fix = finding.cures.first().map(|c| format!(". Fix: {}", c.title)).unwrap_or_default();
    let others = found.others().map(|others| format!(" (also {others})")).unwrap_or_default();
    format!("{} ({}): {}{others}{fix}", finding.name(), finding.confidence.name(), finding.sentence)
}

/// The rule of trust that a change widens: nothing fails because of it, so that it is no cause of the catalogue.
pub(super) const WIDER: (&str, &str, &str) =
    ("TP001", "trust-widened", "The change lets somebody assume the role who was kept out before");

/// One line for each policy that a change widens.
pub(super) fn wider(report: &Report) -> impl Iterator<Item = (&TrustChange, String)> {
    let told = |c: &TrustChange| format!("{}: the change of {} lets in {}", WIDER.1, c.role, c.gains.join("; "));
    report.changes.iter().filter(|c| c.widens()).map(move |c| (c, told(c)))
}

/// What stays the same of it while its line moves.
fn print_of(change: &TrustChange) -> String {
    format!("{}-{}-{}", WIDER.1, change.at.file, change.role)
}

/// SARIF 2.1.0. What was set aside is left out.
pub(super) fn sarif(report: &Report) -> serde_json::Result<Shown> {
    let tool = SarifTool {
        name: "trustwalk".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        address: None,
        category: "preflight".to_owned(),
    };
    let mut causes: Vec<Cause> = report.findings.iter().map(|f| f.finding.cause).collect();
    causes.sort_unstable();
    causes.dedup();
    let rule = |cause: &Cause| SarifRule {
        id: cause.code().to_owned(),
        name: cause.name().to_owned(),
        summary: cause.meta().summary.trim_end_matches('.').to_owned(),
        help: None,
        level: level(cause.severity()),
    };
    let mut rules: Vec<SarifRule> = causes.iter().map(rule).collect();
    rules.push(SarifRule {
        id: WIDER.0.to_owned(),
        name: WIDER.1.to_owned(),
        summary: WIDER.2.to_owned(),
        help: None,
        level: Level::Error,
    });
    let result = |found: &Found| SarifResult {
        rule: found.finding.code().to_owned(),
        level: level(found.finding.severity),
        message: message(found),
        place: Some(place(&found.at)),
        about: None,
        related: found.related.iter().map(|r| (place(&r.at), r.label.clone())).collect(),
        fingerprint: found.fingerprint.clone(),
        properties: Map::new(),
    };
    let widened = wider(report).map(|(change, message)| SarifResult {
        rule: WIDER.0.to_owned(),
        level: Level::Error,
        message,
        place: Some(place(&change.at)),
        about: None,
        related: Vec::new(),
        fingerprint: print_of(change),
        properties: Map::new(),
    });
    let results: Vec<SarifResult> = report.findings.iter().map(result).chain(widened).collect();
    Shown::json(&document(&tool, &rules, &results))
}

/// GitLab's code quality report (GitLab Docs, "Code Quality", report format).
pub(super) fn gitlab(report: &Report) -> serde_json::Result<Shown> {
    let one = |found: &Found| {
        json!({
            "description": message(found),
            "check_name": found.finding.code(),
            "fingerprint": found.fingerprint,
            "severity": if found.finding.severity == Severity::Error { "major" } else { "minor" },
            "location": {"path": found.at.file, "lines": {"begin": found.at.line, "end": found.at.end_line}},
        })
    };
    let widened = wider(report).map(|(change, message)| {
        json!({
            "description": message,
            "check_name": WIDER.0,
            "fingerprint": print_of(change),
            "severity": "major",
            "location": {"path": change.at.file, "lines": {"begin": change.at.line, "end": change.at.end_line}},
        })
    });
    Shown::json(&report.findings.iter().map(one).chain(widened).collect::<Vec<_>>())
}

/// What a workflow command's data may hold (GitHub, actions/toolkit, `command.ts`: `escapeData`, `escapeProperty`).
fn escaped(text: &str, property: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '%' => out.push_str("%25"),
            '\r' => out.push_str("%0D"),
            '\n' => out.push_str("%0A"),
            ':' if property => out.push_str("%3A"),
            ',' if property => out.push_str("%2C"),
            other => out.push(other),
        }
    }
    out
}

/// Annotations of GitHub Actions (GitHub Docs, "Workflow commands").
pub(super) fn annotations(report: &Report) -> Shown {
    let mut page = trustwalk_render::Page::new();
    let mut say = |kind: &str, at: &Spot, title: &str, text: &str| {
        let end = if at.end_line == at.line && at.end_column < u32::MAX {
            format!(",endColumn={}", at.end_column)
        } else {
            String::new()
        };
        page.line(format_args!(
            "::{kind} file={},line={},endLine={},col={}{end},title={}::{}",
            escaped(&at.file, true),
            at.line,
            at.end_line,
            at.column,
            escaped(title, true),
            escaped(text, false)
        ));
    };
    for found in &report.findings {
        let kind = if found.finding.severity == Severity::Error { "error" } else { "warning" };
        say(kind, &found.at, found.finding.code(), &message(found));
    }
    for (change, text) in wider(report) {
        say("error", &change.at, WIDER.0, &text);
    }
    let elsewhere = nowhere();
    for (notes, kind, title) in [
        (&report.undetermined, "warning", "not decided"),
        (&report.unread, "warning", "not read"),
        (&report.notes, "notice", "to look at"),
    ] {
        for note in notes {
            say(kind, note.at.as_ref().unwrap_or(&elsewhere), title, &note.text);
        }
    }
    page.line(words::summary(report));
    page.shown()
}

/// A table for the page of the run, where the runner names a file for it.
pub(super) fn summary(report: &Report) -> std::io::Result<()> {
    let Some(file) = trustwalk_collect::env_os("GITHUB_STEP_SUMMARY") else { return Ok(()) };
    let mut file = std::fs::OpenOptions::new().append(true).create(true).open(file)?;
    file.write_all(markdown(report).as_bytes())
}

/// Text that is text in a table of Markdown, whatever is in it.
fn cell(text: &str) -> String {
    let shown = trustwalk_foreign::visible::line(text);
    let mut out = String::with_capacity(shown.len());
    for c in shown.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '|' | '`' | '*' | '_' | '[' | ']' | '\\' | '#' | '!' | '@' => {
                let _ = write!(out, "&#{};", u32::from(c));
            }
            other => out.push(other),
        }
    }
    out
}

fn markdown(report: &Report) -> String {
    let mut out = format!("### trustwalk preflight\n\n{}\n\n", cell(&words::summary(report)));
    if !report.findings.is_empty() {
        out.push_str("| where | code | what |\n|---|---|---|\n");
        for found in &report.findings {
            let _ = writeln!(
                out,
                "| {} | {} | {} |",
                cell(&found.at.to_string()),
                found.finding.code(),
                cell(&message(found))
            );
        }
        out.push('\n');
    }
    for (change, text) in wider(report) {
        let _ = writeln!(out, "- **{}** {}: {}\n", WIDER.0, cell(&change.at.to_string()), cell(&text));
    }
    for (title, notes) in
        [("Not decided", &report.undetermined), ("Not read", &report.unread), ("To look at", &report.notes)]
    {
        if !notes.is_empty() {
            let _ = writeln!(out, "**{title}**\n");
            for note in notes {
                let _ = writeln!(out, "- {}", cell(&line(note)));
            }
            out.push('\n');
        }
    }
    out
}
