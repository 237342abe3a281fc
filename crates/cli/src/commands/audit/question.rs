//! "What can this subject assume?"

use serde_json::{Map, Value, json};
use trustwalk_audit::{Assumable, Inventory, assumable};
use trustwalk_render::{Ink, Next, Shown, Typed, ending};
use trustwalk_trust_policy::Decision;

use super::SCHEMA;
use crate::args::{AuditArgs, AuditFormat};
use crate::exit::{Exit, UsageError};
use crate::style;

/// Answers.
pub(super) fn answer(
    inventory: &Inventory,
    args: &AuditArgs,
    issuer: &str,
    subject: &str,
    typed: &Typed,
) -> anyhow::Result<Exit> {
    let issuer = issuer.strip_prefix("https://").unwrap_or(issuer);
    let mut claims = Map::new();
    claims.insert("sub".to_owned(), json!(subject));
    if let Some(audience) = &args.audience {
        claims.insert("aud".to_owned(), json!(audience));
    }
    for claim in &args.claim {
        let (name, value) = claim
            .split_once('=')
            .ok_or_else(|| UsageError(format!("`{}` is not NAME=VALUE", trustwalk_foreign::redact(claim))))?;
        // A claim that is given again has several values, as `amr` of an identity pool has.
        let value = match claims.remove(name) {
            None => json!(value),
            Some(Value::Array(mut all)) => {
                all.push(json!(value));
                Value::Array(all)
            }
            Some(first) => json!([first, value]),
        };
        claims.insert(name.to_owned(), value);
    }
    let found = assumable(inventory, issuer, &claims, true);
    let exit = if inventory.unread.is_empty() { Exit::Sound } else { Exit::Undetermined };
    match args.output {
        AuditFormat::Human => style::page(&words(inventory, &found, subject, args.files.is_empty(), typed))?,
        AuditFormat::Json | AuditFormat::Yaml => {
            let document = json!({
                "schema": SCHEMA,
                "issuer": issuer,
                "claims": claims,
                "assumable": found,
                "unread": inventory.unread,
            });
            style::page(&style::document(&document)?)?;
        }
        AuditFormat::Csv | AuditFormat::Dot | AuditFormat::Sarif | AuditFormat::Html => {
            let why = "what one subject can assume is written for people, as json or as yaml";
            return Err(UsageError(why.to_owned()).into());
        }
    }
    Ok(exit)
}

/// `asked_again` is whether options alone say what was read, and so can be said again.
fn words(inventory: &Inventory, found: &[Assumable], subject: &str, asked_again: bool, typed: &Typed) -> Shown {
    let pen = style::pen();
    let mut out = pen.page();
    for one in found {
        let (ink, mark) = match one.decision {
            Decision::Allow => (Ink::Good, "\u{221a}"),
            Decision::Undetermined | Decision::ExplicitDeny | Decision::ImplicitDeny => (Ink::Odd, "?"),
        };
        out.line(format_args!("{} {}", pen.ink(ink, mark), one.role));
        if !one.undecided.is_empty() {
            out.line(format_args!("    hangs on {}", one.undecided.join(", ")));
        }
    }
    for one in &inventory.unread {
        out.line(format_args!("{} {}: {}", pen.ink(Ink::Odd, "?"), one.what, one.why));
    }
    out.gap();
    let surely = found.iter().filter(|f| f.decision == Decision::Allow).count();
    let perhaps = found.len() - surely;
    let of = inventory.roles.len();
    let text = format!(
        "`{subject}` can assume {surely} of {of} {}, and perhaps {perhaps} more",
        if of == 1 { "role" } else { "roles" }
    );
    let next = match found.first().filter(|_| asked_again) {
        Some(one) => Next::command(typed.command("audit --role {}", &[&one.role], super::words::KEPT)),
        None => Next::default(),
    };
    out.append(ending(Ink::Good, "Answer", &text, &next, pen));
    out.shown()
}
