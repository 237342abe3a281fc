//! A receipt as a file: how it is written, how it is read, and what is refused. Pure: whether its seal is the
//! user's own is for the keeper of the key to say.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use trustwalk_foreign::visible;

use super::action::Action;
use super::chain::{Break, Digest, MOST_ENTRIES};
use super::check::{self, Unfit, check_step, provider_account};
use super::history::{Event, Hand, Place};
use super::model::{CAUSES_BETWEEN, Receipt, Step};
use crate::evidence::Target;

/// Format of the receipts that are written: with a history.
pub const RECEIPT_VERSION: u32 = 3;
/// The format before, which is signed and has no history.
const PLAIN_VERSION: u32 = 2;
/// The first format, whose checksum anybody could make.
const UNSIGNED_VERSION: u32 = 1;
/// Largest receipt. A plan has a few steps, and a trust policy a few kilobytes.
pub const RECEIPT_BYTES: u64 = 4 << 20;
/// Most steps: a plan has one of each kind.
const MOST_STEPS: usize = 16;
/// Longest name of who took a run up: an ARN has 2,048 characters at most (IAM User Guide, "IAM identifiers").
const MOST_NAME: usize = 2048;
/// Longest text for people in a receipt: what STS said, or why a step was refused.
pub const MOST_WORDS: usize = 16 << 10;
/// What follows the seal in the file, and what goes before it.
const TAIL: &[u8] = b"\"\n}\n";
const HEAD: &[u8] = b"\n  \"mac\": \"";
/// Hexadecimal digits of an HMAC-SHA256.
const DIGITS: usize = 64;

/// What closes a receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seal {
    /// Of this format and the one before: an HMAC over every byte of the file before it.
    Mac {
        /// How many bytes of the file it covers, from its start.
        covers: usize,
        /// The code.
        code: Vec<u8>,
    },
    /// Of the first format: a digest, which says that nothing was damaged and nothing of who wrote it.
    Checksum(String),
    /// Where a seal should be there is none that could be one.
    None,
}

/// A receipt that was read and found fit to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// What was done. Its words are those of its actions, whatever the file said.
    pub receipt: Receipt,
    /// Where.
    pub place: Place,
    /// How it is closed.
    pub seal: Seal,
    /// The receipt as the file has it, words and all, which a checksum of the format before covers.
    pub as_written: Receipt,
}

/// What else of trustwalk's own a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtherFile {
    /// What `collect` writes.
    Bundle,
    /// What `fix --out` writes.
    Plan,
}

impl OtherFile {
    /// By members that the one has and a receipt has not.
    fn of(value: &Value) -> Option<Self> {
        let has = |names: &[&str]| names.iter().all(|name| value.get(name).is_some());
        if has(&["identities", "shared"]) || has(&["evidence", "tool"]) {
            Some(Self::Bundle)
        } else if has(&["steps", "withheld", "tool"]) {
            Some(Self::Plan)
        } else {
            None
        }
    }
}

/// Why a file is no receipt that anything may be done from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// It is another file of trustwalk's.
    Other(OtherFile),
    /// It is not the JSON of a receipt.
    Shape(String),
    /// It holds what is no part of a receipt, or holds it otherwise than trustwalk writes it.
    Surplus,
    /// Another format.
    Version(u64),
    /// Its history does not hold.
    History(Break),
    /// Something in it is nothing that trustwalk plans.
    Step {
        /// Which step, from one.
        number: usize,
        /// What is wrong.
        unfit: Unfit,
    },
    /// Something else in it is nothing that trustwalk writes.
    Unfit(Unfit),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Other(OtherFile::Bundle) => {
                f.write_str("it is a bundle of evidence, which `trustwalk diagnose --bundle` reads")
            }
            Self::Other(OtherFile::Plan) => f.write_str("it is a plan, which `trustwalk fix --plan` reads"),
            Self::Shape(why) => f.write_str(&trustwalk_foreign::visible::line(why)),
            Self::Surplus => f.write_str("it holds members or values that no receipt has"),
            Self::Version(version) => write!(
                f,
                "it has format {version}, this trustwalk reads {UNSIGNED_VERSION} to {RECEIPT_VERSION}: use the \
                 trustwalk that wrote it, or a newer one"
            ),
            Self::History(why) => write!(f, "{why}: it was changed after it was written"),
            Self::Step { number, unfit } => write!(f, "step {number}: {unfit}"),
            Self::Unfit(unfit) => unfit.fmt(f),
        }
    }
}

impl std::error::Error for Fault {}

#[derive(Serialize, Deserialize)]
struct Written {
    #[serde(flatten)]
    receipt: Receipt,
    place: Place,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    checksum: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mac: Option<String>,
}

/// What is to be sealed: the file up to where the code's digits begin.
pub fn to_be_sealed(receipt: &Receipt, place: &Place) -> Result<Vec<u8>, serde_json::Error> {
    let written = Written { receipt: receipt.clone(), place: place.clone(), checksum: None, mac: Some(String::new()) };
    // Inert on a screen, whatever is in the values.
    let mut text = visible::json(&serde_json::to_string_pretty(&written)?).into_owned().into_bytes();
    // The code is the last member, so nothing follows it but the end.
    text.truncate(text.len().saturating_sub(TAIL.len() - 1));
    Ok(text)
}

/// The whole file.
pub fn sealed(mut covered: Vec<u8>, code: &[u8]) -> Vec<u8> {
    for byte in code {
        covered.extend([byte >> 4, byte & 15].map(|n| if n < 10 { b'0' + n } else { b'a' + n - 10 }));
    }
    covered.extend(TAIL);
    covered
}

/// Reads a file that anybody may have written.
pub fn read_receipt(bytes: &[u8]) -> Result<Reading, Fault> {
    let value: Value = serde_json::from_slice(bytes).map_err(|e| Fault::Shape(e.to_string()))?;
    // The version is looked at before the rest, which a later format may have changed.
    if let Some(other) = OtherFile::of(&value) {
        return Err(Fault::Other(other));
    }
    let version = value.get("version").and_then(Value::as_u64);
    let version = version.ok_or_else(|| Fault::Shape("it has no version".to_owned()))?;
    if !(u64::from(UNSIGNED_VERSION)..=u64::from(RECEIPT_VERSION)).contains(&version) {
        return Err(Fault::Version(version));
    }
    let written: Written = serde_json::from_value(value.clone()).map_err(|e| Fault::Shape(e.to_string()))?;
    // What is not read is not there: nothing rides along unseen.
    if serde_json::to_value(&written).ok().as_ref() != Some(&value) {
        return Err(Fault::Surplus);
    }
    let seal = if version == u64::from(UNSIGNED_VERSION) {
        written.checksum.clone().map_or(Seal::None, Seal::Checksum)
    } else {
        seal_of(bytes)
    };
    let Written { receipt: as_written, place, .. } = written;
    check(&as_written, &place)?;
    let mut receipt = as_written.clone();
    receipt.steps.iter_mut().for_each(|entry| check::reworded(&mut entry.step));
    Ok(Reading { receipt, place, seal, as_written })
}

impl Reading {
    /// Whether the history holds: each entry follows the one before it, and together they lead to where the steps
    /// stand.
    pub fn check_history(&self, digest: Digest) -> Result<(), Fault> {
        let formatted = self.as_written.version > PLAIN_VERSION;
        self.as_written.follows(&self.place, formatted, digest).map_err(Fault::History)
    }
}

fn seal_of(bytes: &[u8]) -> Seal {
    // A run keeps room behind what it has written.
    let blank = bytes.iter().rev().take_while(|b| **b == b' ').count();
    let bytes = bytes.get(..bytes.len() - blank).unwrap_or_default();
    let split = bytes.strip_suffix(TAIL).and_then(|rest| rest.split_at_checked(rest.len().checked_sub(DIGITS)?));
    let Some((covered, digits)) = split else { return Seal::None };
    let code: Option<Vec<u8>> = digits.chunks_exact(2).map(pair).collect();
    match code {
        Some(code) if covered.ends_with(HEAD) => Seal::Mac { covers: covered.len(), code },
        _ => Seal::None,
    }
}

/// Two lower-case digits: there is one way to write a code.
fn pair(digits: &[u8]) -> Option<u8> {
    let value = |b: &u8| match b {
        b'0'..=b'9' => Some(b - b'0'),
        b'a'..=b'f' => Some(b - b'a' + 10),
        _ => None,
    };
    match digits {
        [high, low] => Some(value(high)? << 4 | value(low)?),
        _ => None,
    }
}

/// Checks the steps of a plan or of a receipt, each by itself and against what the run is about.
pub fn check_steps<'a>(steps: impl IntoIterator<Item = &'a Step>, target: &Target) -> Result<(), Fault> {
    for (index, step) in steps.into_iter().enumerate() {
        let number = index + 1;
        let at = |unfit| Fault::Step { number, unfit };
        if number > MOST_STEPS {
            return Err(at(Unfit { what: "steps", found: number.to_string(), must: "sixteen steps" }));
        }
        check_step(step).map_err(at)?;
        let of_target = match target {
            Target::Workload { namespace, .. } | Target::ServiceAccount { namespace, .. } => Some(namespace),
            Target::Role { .. } | Target::Issuer { .. } | Target::Job { .. } | Target::Log { .. } => None,
        };
        let touched = match &step.action {
            Action::Annotate { namespace, .. }
            | Action::Associate { namespace, .. }
            | Action::Restart { namespace, .. }
            | Action::Renew { namespace, .. } => Some(namespace),
            Action::SetThumbprints { .. }
            | Action::AddClientId { .. }
            | Action::CreateProvider { .. }
            | Action::SetTrustPolicy { .. }
            | Action::SetWebhook { .. }
            | Action::AttachPolicy { .. } => None,
        };
        if let (Some(target), Some(touched)) = (of_target, touched)
            && target != touched
        {
            return Err(at(Unfit { what: "namespace", found: touched.clone(), must: "the target's namespace" }));
        }
    }
    Ok(())
}

fn check(receipt: &Receipt, place: &Place) -> Result<(), Fault> {
    let must = |holds: bool, what: &'static str, found: &str, must: &'static str| {
        if holds { Ok(()) } else { Err(Fault::Unfit(Unfit { what, found: found.to_owned(), must })) }
    };
    must(is_causes(&receipt.cures), "cures", &receipt.cures, "the names of causes")?;
    check_target(&receipt.target)?;
    check_steps(receipt.steps.iter().map(|entry| &entry.step), &receipt.target)?;
    let short = |words: &Option<String>| words.as_ref().is_none_or(|w| w.len() <= MOST_WORDS);
    must(short(&receipt.verified), "verified", "a longer text", "some lines")?;
    must(receipt.steps.iter().all(|s| short(&s.note)), "note", "a longer text", "some lines")?;
    must(receipt.entries.len() <= MOST_ENTRIES, "entries", "more", "some thousand entries")?;
    for entry in &receipt.entries {
        check_event(&entry.event)?;
    }
    let account = place.account.as_deref();
    must(account.is_none_or(check::is_account), "place.account", account.unwrap_or_default(), "an account's number")?;
    for entry in &receipt.steps {
        if let Action::SetThumbprints { provider_arn: arn, .. } | Action::AddClientId { provider_arn: arn, .. } =
            &entry.step.action
            && let (Some(here), Some(there)) = (account, provider_account(arn))
        {
            must(here == there, "provider_arn", arn, "a provider of the receipt's own account")?;
        }
        if let Action::Associate { role_arn: arn, .. } = &entry.step.action
            && let (Some(here), Some(there)) = (account, check::role_account(arn))
        {
            must(here == there, "role_arn", arn, "a role of the receipt's own account")?;
        }
        if let Some(made) = &entry.made {
            let (fits, what) = match &entry.step.action {
                Action::Associate { .. } => (check::is_association(&made.arn), "the id of an association"),
                Action::SetThumbprints { .. }
                | Action::AddClientId { .. }
                | Action::CreateProvider { .. }
                | Action::SetTrustPolicy { .. }
                | Action::Annotate { .. }
                | Action::AttachPolicy { .. }
                | Action::SetWebhook { .. }
                | Action::Restart { .. }
                | Action::Renew { .. } => (provider_account(&made.arn).is_some(), "the ARN of an IAM OIDC provider"),
            };
            must(fits, "made.arn", &made.arn, what)?;
        }
    }
    Ok(())
}

/// What a history may hold: texts for people no longer than elsewhere, and nothing that hides.
fn check_event(event: &Event) -> Result<(), Fault> {
    let must = |holds: bool, what: &'static str, must: &'static str| {
        let unfit = || Unfit { what, found: "another text".to_owned(), must };
        if holds { Ok(()) } else { Err(Fault::Unfit(unfit())) }
    };
    let short = |words: &Option<String>| words.as_ref().is_none_or(|w| w.len() <= MOST_WORDS);
    let name = |name: &str| name.len() <= MOST_NAME && !name.chars().any(visible::is_hidden);
    let names = |by: &Hand| {
        let told = [&by.caller, &by.user, &by.machine];
        told.into_iter().flatten().all(|n| name(n)) && name(&by.tool)
    };
    match event {
        Event::TakenUp { by, .. } => must(names(by), "entries.by", "names of a caller, a user, a machine and a tool"),
        Event::Step { note, .. } => must(short(note), "entries.note", "some lines"),
        Event::Ended { verified } => must(short(verified), "entries.verified", "some lines"),
        Event::Found { steps, verified, .. } => {
            must(short(verified) && steps.iter().all(|s| short(&s.note)), "entries.steps", "some lines")
        }
        Event::Made { made, .. } => {
            // Which of the two it is, the step beside it says, and is held to.
            let fits = provider_account(&made.arn).is_some() || check::is_association(&made.arn);
            must(fits, "entries.made", "the ARN of an IAM OIDC provider or the id of an association")
        }
    }
}

/// Longest name of a cause.
const MOST_LABEL: usize = 120;
/// Most causes that one plan cures: one change can cure many, and there are fewer links than this that can fail at
/// once.
const MOST_CAUSES: usize = 64;

/// What a plan cures, as [`super::build()`] joins it.
pub(super) fn is_causes(cures: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    let name = |n: &str| (1..=MOST_LABEL).contains(&n.len()) && n.bytes().all(plain);
    cures.split(CAUSES_BETWEEN).count() <= MOST_CAUSES && cures.split(CAUSES_BETWEEN).all(name)
}

/// What a receipt is about is asked about again: it goes into paths and calls like any name.
pub(super) fn check_target(target: &Target) -> Result<(), Fault> {
    let must = |holds: bool, what: &'static str, found: &str, must: &'static str| {
        if holds { Ok(()) } else { Err(Fault::Unfit(Unfit { what, found: found.to_owned(), must })) }
    };
    let named = |namespace: &str, name: &str| {
        must(check::is_label(namespace), "target.namespace", namespace, "the name of a namespace")?;
        must(check::is_subdomain(name), "target.name", name, "the name of an object")
    };
    match target {
        Target::Workload { resource, namespace, name } => {
            let word = (1..=63).contains(&resource.len()) && resource.bytes().all(|b| b.is_ascii_alphanumeric());
            must(word, "target.resource", resource, "a kind of workload")?;
            named(namespace, name)
        }
        Target::ServiceAccount { namespace, name } => named(namespace, name),
        Target::Role { arn, subject } => {
            let subject = subject.as_deref().unwrap_or_default();
            must(check::is_role_arn(arn), "target.arn", arn, "the ARN of a role")?;
            must(!subject.chars().any(trustwalk_foreign::visible::is_hidden), "target.subject", subject, "a subject")
        }
        Target::Issuer { url } => {
            let plain = !url.chars().any(|c| trustwalk_foreign::visible::is_hidden(c) || c == ' ');
            let scheme = url.split_once("://").is_none_or(|(scheme, _)| scheme == "https");
            must(plain && scheme, "target.url", url, "the https URL of an issuer")
        }
        Target::Job { .. } | Target::Log { .. } => Ok(()),
    }
}
