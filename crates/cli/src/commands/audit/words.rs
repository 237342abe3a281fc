//! The report in words: findings, the worst first, then who can assume what, then what could not be read.

use serde_json::Value;
use trustwalk_audit::sarif::Level;
use trustwalk_audit::{About, Audit, Finding, Rule, Seen, Standing, Trust, Witness};
use trustwalk_render::{Ink, Next, Page, Pen, Shown, Typed, ending};

use super::accounts::Reused;
use crate::style;

/// Options that the next command keeps.
pub(super) const KEPT: &[&str] = &[
    "authorization-details",
    "providers",
    "accounts",
    "assume",
    "external-id",
    "state",
    "zone",
    "profile",
    "region",
    "endpoint-url",
    "connect-to",
    "ca-bundle",
];
/// Claims of a witness that are shown: the others say nothing that these do not.
const CLAIMS: [&str; 9] =
    ["sub", "aud", "azp", "amr", "app_id", "repository", "repository_owner_id", "job_workflow_ref", "environment"];
/// Values of one list that are shown.
const VALUES: usize = 8;

/// Accounts that are named one by one.
const ACCOUNTS: usize = 8;

/// What the report rests on.
pub(super) struct From<'a> {
    /// Whether that is files.
    pub(super) offline: bool,
    /// Who was seen.
    pub(super) seen: Option<&'a Seen>,
    /// What was read by an earlier run.
    pub(super) reused: Option<&'a Reused>,
}

/// The whole report.
pub(super) fn words(audit: &Audit, typed: &Typed, from: &From<'_>) -> Shown {
    let pen = style::pen();
    let mut out = pen.page();
    head(&mut out, audit, from);
    for finding in &audit.findings {
        out.gap();
        told(&mut out, finding, pen);
    }
    if !audit.trust.is_empty() {
        out.gap();
        out.line(pen.ink(Ink::Strong, "Who can assume what"));
        audit.trust.iter().for_each(|t| trust(&mut out, t, pen));
    }
    if !audit.untightened.is_empty() {
        out.gap();
        out.line(pen.ink(Ink::Strong, "Not narrowed to whom was seen"));
        audit.untightened.iter().for_each(|u| out.line(format_args!("  {}: {}", u.role, u.why)));
    }
    if !audit.unread.is_empty() {
        out.gap();
        out.line(pen.ink(Ink::Strong, "Not read"));
        for one in &audit.unread {
            out.line(format_args!("  {} {}: {}", pen.ink(Ink::Odd, "?"), one.what, one.why));
        }
    }
    out.gap();
    let (ink, label, text) = verdict(audit);
    out.append(ending(ink, label, &text, &next(audit, typed), pen));
    out.shown()
}

fn head(out: &mut Page, audit: &Audit, from: &From<'_>) {
    let accounts = match audit.accounts.len() {
        0 => "no account told".to_owned(),
        many if many > ACCOUNTS => many.to_string(),
        _ => audit.accounts.join(", "),
    };
    out.line(format_args!("  accounts   {accounts} ({})", if from.offline { "from files" } else { "live" }));
    if let Some(reused) = from.reused {
        let oldest = reused.oldest.strftime("%Y-%m-%d %H:%M:%SZ");
        let accounts = counted(u64::try_from(reused.accounts).unwrap_or(u64::MAX), "account");
        out.line(format_args!("  kept       {accounts}, read from {oldest} on and not asked again"));
    }
    out.line(format_args!("  roles      {}, of which {} trust web identities", audit.roles, audit.trusting));
    out.line(format_args!("  providers  {}", audit.providers));
    let zone = if audit.zone_given { "as the zone says" } else { "whom the policies name; --zone FILE says it better" };
    out.line(format_args!("  ours       {zone}"));
    if let Some((exchanges, unclear)) = from.seen.map(Seen::counts) {
        out.line(format_args!("  seen       {}, of which {unclear} say too little", counted(exchanges, "exchange")));
    }
}

fn counted(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

fn told(out: &mut Page, finding: &Finding, pen: Pen) {
    let (ink, mark) = match finding.level {
        Level::Error => (Ink::Bad, "\u{d7}"),
        Level::Warning => (Ink::Odd, "\u{203c}"),
        Level::Note => (Ink::Faint, "\u{b7}"),
    };
    let name = [finding.rule.code(), " ", finding.rule.name()].concat();
    out.line(format_args!("{} {}  {}", pen.ink(ink, mark), pen.ink(Ink::Strong, &name), about(finding)));
    out.prose(&finding.message, "    ", "    ");
    if let Some(witness) = &finding.witness {
        token(out, witness);
    }
    if let Rule::Own(own) = finding.rule {
        out.labelled(pen.ink(Ink::Faint, "    Do:"), own.advice(), "    ");
    }
    if let Some(document) = &finding.document {
        out.line(format_args!("    {document}"));
    }
}

fn about(finding: &Finding) -> String {
    let name = match &finding.about {
        About::Role(arn) | About::Provider(arn) => arn.clone(),
        About::Account(number) => format!("account {number}"),
    };
    match finding.statement {
        Some(statement) if statement > 0 => format!("{name}, statement {}", statement + 1),
        Some(_) | None => name,
    }
}

fn token(out: &mut Page, witness: &Witness) {
    out.line(format_args!("      token under          {}", witness.provider));
    let shown = CLAIMS.iter().filter_map(|name| Some((name, witness.claims.get(*name)?)));
    for (name, value) in shown {
        out.line(format_args!(
            "      {name:<19}  {}",
            value.as_str().map_or_else(|| Value::to_string(value), str::to_owned)
        ));
    }
    for (key, value) in &witness.call {
        out.line(format_args!("      called with          {key} {value}"));
    }
}

fn trust(out: &mut Page, one: &Trust, pen: Pen) {
    let mark = match one.standing {
        Standing::Open => pen.ink(Ink::Good, "\u{221a}"),
        Standing::Dead => pen.ink(Ink::Bad, "\u{d7}"),
    };
    out.line(format_args!("  {mark} {}", one.role));
    out.line(format_args!("      issuer   {}", one.issuer.as_deref().unwrap_or(&one.provider)));
    for (label, values) in [("subject ", &one.subjects), ("audience", &one.audiences)] {
        out.line(format_args!("      {label} {}", listed(values)));
    }
    for further in &one.further {
        out.line(format_args!("      and      {further}"));
    }
    if let Some(why) = &one.why {
        out.line(format_args!("      nobody:  {why}"));
    }
}

fn listed(values: &[String]) -> String {
    if values.is_empty() {
        return "any".to_owned();
    }
    let shown: Vec<&str> = values.iter().take(VALUES).map(String::as_str).collect();
    let more = values.len() - shown.len();
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    [shown.join(" | "), rest].concat()
}

fn verdict(audit: &Audit) -> (Ink, &'static str, String) {
    let levels: Vec<String> = [(Level::Error, "error"), (Level::Warning, "warning"), (Level::Note, "note")]
        .into_iter()
        .map(|(level, noun)| (audit.count(level), noun))
        .filter(|(count, _)| *count > 0)
        .map(|(count, noun)| counted(u64::try_from(count).unwrap_or(u64::MAX), noun))
        .collect();
    let unread = match audit.unread.len() {
        0 => String::new(),
        1 => "; 1 part could not be read".to_owned(),
        many => format!("; {many} parts could not be read"),
    };
    let ink = if audit.count(Level::Error) > 0 { Ink::Bad } else { Ink::Odd };
    match (levels.is_empty(), unread.is_empty()) {
        (false, _) => (ink, "Findings", [levels.join(", "), unread].concat()),
        (true, false) => (Ink::Odd, "Undetermined", ["no finding", &unread].concat()),
        (true, true) => (Ink::Good, "Clean", "no finding".to_owned()),
    }
}

/// The page of the first finding; where there is none, nothing.
fn next(audit: &Audit, typed: &Typed) -> Next {
    match audit.findings.first() {
        Some(finding) => Next::command(typed.command("explain {}", &[finding.rule.code()], &[])),
        None => Next::default(),
    }
}
