//! `trustwalk audit`: an account's trust, or what somebody saved of it, as a report for whoever reads it.

mod account;
mod accounts;
mod gather;
mod kept;
mod list;
mod question;
mod words;

use anyhow::Context as _;
use serde::Serialize;
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
    // What is written may be as large as what was read.
    drop(inventory);
    match args.output {
        AuditFormat::Human => {
            let from = words::From { offline, seen, reused: reused.as_ref() };
            style::page(&words::words(&audit, &place.typed, &from))?;
        }
        AuditFormat::Json | AuditFormat::Yaml => style::large(&Document::of(&audit, seen))?,
        AuditFormat::Csv => style::say(&Shown::json_text(csv(&audit)))?,
        AuditFormat::Dot => style::say(&Shown::json_text(dot(&audit)))?,
        AuditFormat::Sarif => style::say(&Shown::json(&sarif_of(&audit, env!("CARGO_PKG_VERSION"), NO_FILE))?)?,
        AuditFormat::Html => style::say(&Shown::json_text(html(&audit, &made(offline, now))))?,
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

/// The document for programs.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    audit: &'a Audit,
    schema: u32,
    verdict: &'static str,
    seen: Option<Counts>,
}

/// What was seen, in numbers.
#[derive(Serialize)]
struct Counts {
    exchanges: u64,
    unclear: u64,
}

impl<'a> Document<'a> {
    fn of(audit: &'a Audit, seen: Option<&Seen>) -> Self {
        let counts = seen.map(Seen::counts).map(|(exchanges, unclear)| Counts { exchanges, unclear });
        Self { audit, schema: SCHEMA, verdict: verdict(audit), seen: counts }
    }
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
