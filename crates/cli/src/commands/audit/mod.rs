//! `trustwalk audit`: an account's trust, or what somebody saved of it, as a report for whoever reads it.

mod account;
mod accounts;
mod gather;
mod kept;
mod list;
mod question;
mod words;

use anyhow::Context as _;
use serde_json::{Value, json};
use trustwalk_audit::{Audit, Basis, Inventory, Seen, Zone, csv, dot, html, limits, sarif_of};
use trustwalk_render::Shown;

use crate::args::{AuditArgs, AuditFormat, PlaceArgs};
use crate::exit::{Exit, Unknown, UsageError};
use crate::style;

/// Version of the document.
const SCHEMA: u32 = 1;
/// Where code scanning puts the findings of an account, which stand in no file.
const NO_FILE: &str = "aws-account";

/// Runs the command.
pub(crate) async fn run(place: &PlaceArgs, args: &AuditArgs) -> anyhow::Result<Exit> {
    let zone = zone(args)?;
    let offline = !args.files.is_empty() || !args.authorization_details.is_empty() || !args.providers.is_empty();
    let (inventory, reused) = if offline {
        (gather::inventory(args)?, None)
    } else if args.many.accounts.is_some() {
        Box::pin(accounts::inventory(place, &args.many)).await?
    } else {
        (Box::pin(account::inventory(place)).await?, None)
    };
    if let (Some(issuer), Some(subject)) = (&args.issuer, &args.subject) {
        return question::answer(&inventory, args, issuer, subject, &place.typed);
    }
    let seen = gather::seen(&args.seen)?;
    let seen = (!args.seen.is_empty()).then_some(&seen);
    let now = jiff::Timestamp::now().as_second();
    let whole = Audit::of(&inventory, &Basis { zone: &zone, seen, now });
    let audit = match &args.role {
        Some(role) => whole.of_role(&inventory, role).ok_or_else(|| no_role(&inventory, role))?,
        None => whole,
    };
    let shown = match args.output {
        AuditFormat::Human => {
            words::words(&audit, &place.typed, &words::From { offline, seen, reused: reused.as_ref() })
        }
        AuditFormat::Json | AuditFormat::Yaml => style::document(&document(&audit, seen)?)?,
        AuditFormat::Csv => Shown::json_text(csv(&audit)),
        AuditFormat::Dot => Shown::json_text(dot(&audit)),
        AuditFormat::Sarif => Shown::json(&sarif_of(&audit, env!("CARGO_PKG_VERSION"), NO_FILE))?,
        AuditFormat::Html => Shown::json_text(html(&audit, &made(offline, now))),
    };
    match args.output {
        AuditFormat::Human | AuditFormat::Json | AuditFormat::Yaml => style::page(&shown)?,
        AuditFormat::Csv | AuditFormat::Dot | AuditFormat::Sarif | AuditFormat::Html => style::say(&shown)?,
    }
    Ok(exit(&audit))
}

/// What an audit comes to.
fn exit(audit: &Audit) -> Exit {
    if !audit.findings.is_empty() {
        Exit::Findings
    } else if audit.unread.is_empty() {
        Exit::Sound
    } else {
        Exit::Undetermined
    }
}

/// The same in one word.
fn verdict(audit: &Audit) -> &'static str {
    match exit(audit) {
        Exit::Sound => "clean",
        Exit::Findings | Exit::ByHand | Exit::Refused => "findings",
        Exit::Undetermined => "undetermined",
    }
}

fn document(audit: &Audit, seen: Option<&Seen>) -> anyhow::Result<Value> {
    let mut document = serde_json::to_value(audit)?;
    if let Some(members) = document.as_object_mut() {
        members.insert("schema".to_owned(), json!(SCHEMA));
        members.insert("verdict".to_owned(), json!(verdict(audit)));
        let exchanges =
            seen.map(Seen::counts).map(|(exchanges, unclear)| json!({"exchanges": exchanges, "unclear": unclear}));
        members.insert("seen".to_owned(), json!(exchanges));
    }
    Ok(document)
}

fn made(offline: bool, now: i64) -> String {
    let from = if offline { "from files" } else { "of a live account" };
    let day =
        jiff::Timestamp::from_second(now).map(|t| t.strftime("%Y-%m-%d %H:%M:%SZ").to_string()).unwrap_or_default();
    format!("trustwalk {} {from}, {day}", env!("CARGO_PKG_VERSION"))
}

fn zone(args: &AuditArgs) -> anyhow::Result<Zone> {
    let Some(path) = &args.zone else { return Ok(Zone::untold()) };
    let bytes = trustwalk_collect::read_up_to(path, limits::ZONE_BYTES)?;
    let text = String::from_utf8(bytes).with_context(|| format!("`{}` is not UTF-8", path.display()))?;
    Zone::parse(&text).map_err(|error| UsageError(format!("`{}` is no zone: {error}", path.display())).into())
}

fn no_role(inventory: &Inventory, wanted: &str) -> Unknown {
    let near = trustwalk_collect::near::like(inventory.roles.iter().map(|r| r.name.as_str()), wanted);
    let there = if near.is_empty() { String::new() } else { format!("; there is {}", near.join(", or ")) };
    let what = format!("no role is called {}{there}", trustwalk_foreign::redact(wanted));
    Unknown { what, next: None }
}
