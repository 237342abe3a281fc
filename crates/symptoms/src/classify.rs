//! Reads one text: its failures with what they name, or what else it tells.

use trustwalk_foreign::redact;

use std::borrow::Cow;

use crate::cloudtrail::{Event, TrailRecord};
use crate::failure::Failure;
use crate::judge::symptoms;
use crate::mention::{self, Mention};
use crate::special;
use crate::start;
use crate::success;
use crate::symptom::Symptom;
use crate::text::excerpt::message;
use crate::text::{action, endpoint, extract, frames, normal::Normal, normal::normalise, times};
use crate::told::Told;

/// More text than this is not judged: no failure's words are longer, but lines can be.
const MAX_JUDGED: usize = 64 * 1024;

/// The most telling failure in a text: one line or several, plain, JSON, logrus, with container
/// runtime prefixes or colours. `None` if it tells of none.
pub fn classify(text: &str) -> Option<Failure> {
    classify_all(text).into_iter().next()
}

/// Every distinct failure in a text, most telling first. Words that a text only quotes mean the same, and come last.
pub fn classify_all(text: &str) -> Vec<Failure> {
    let told = read(text);
    let quoted = told.mentions.into_iter().map(|m| Failure::new(m.symptom, m.message));
    told.failures.into_iter().chain(quoted).collect()
}

/// Reads one record: a failure with its stack, a success, an event of `CloudTrail`.
pub fn read(text: &str) -> Told {
    let cut = text.floor_char_boundary(MAX_JUDGED);
    // Before names are parted from values and lines are joined, and once more where both made another text.
    let raw = redact(text.get(..cut).unwrap_or_default());
    if let Some(event) = TrailRecord::find(&raw) {
        return match event {
            Event::Ours(record) => record.told(),
            Event::Foreign => Told::default(),
        };
    }
    let Normal { text: plain, ts, record, apart } = normalise(&raw);
    let whole = if plain == raw.trim_end() { Cow::Borrowed(plain.as_str()) } else { redact(&plain) };
    let mut lower = whole.to_ascii_lowercase();
    let mut found = symptoms(&whole, &lower);
    let mut mentions = Vec::new();
    let mut plain = Cow::Borrowed(&*whole);
    if !record && !found.is_empty() {
        (plain, mentions) = mention::part(&whole);
        if let Cow::Owned(kept) = &plain {
            lower = kept.to_ascii_lowercase();
            found = symptoms(kept, &lower);
        }
    }
    let ts = ts.map(|t| t.to_string());
    let mut failures: Vec<Failure> =
        found.into_iter().map(|(symptom, at)| describe(symptom, at, &plain, &lower)).collect();
    for (dress, text) in &apart {
        mentions.extend(Mention::all(*dress, &redact(text)));
    }
    mentions.retain(|m| !failures.iter().any(|f| f.symptom == m.symptom));
    failures.extend(special::audit(&raw).filter(|_| failures.is_empty()));
    for failure in &mut failures {
        failure.ts.clone_from(&ts);
    }
    let quiet = failures.is_empty();
    let success = success::success(&plain, &lower, ts.as_deref()).filter(|_| quiet);
    let start = quiet && start::is_start(&lower);
    let unclear = (quiet && mentions.is_empty() && success.is_none() && !start && special::is_unclear(&lower))
        .then(|| message(&plain, special::subject(&lower)));
    Told { failures, mentions, success, trail: None, start, unclear, ts }
}

fn describe(symptom: Symptom, at: usize, text: &str, lower: &str) -> Failure {
    let called = endpoint::endpoint(text);
    let action = is_refusal(symptom).then(|| action::denied(text)).flatten();
    // What a call other than one for a role was refused on is a role of somebody's, not the one that is asked for.
    let on = extract::resource(text).filter(|_| action.as_deref().is_some_and(|a| !a.starts_with("sts:")));
    let role_arn = extract::role_arn(text, on.as_ref());
    let arn = role_arn.clone().or_else(|| extract::caller_arn(text));
    Failure {
        symptom,
        sts_code: extract::sts_code(text),
        message: message(text, at),
        detail: detail(symptom, text, lower),
        partition: endpoint::partition(arn.as_deref(), called.host.as_deref()),
        region: called.region.or_else(|| endpoint::named_region(text)),
        scheme: called.scheme,
        port: called.port,
        address: called.address,
        resolver: called.resolver,
        resource: is_refusal(symptom).then(|| extract::resource(text)).flatten(),
        key_id: extract::key_id(text),
        subject: extract::subject(text),
        token_path: extract::token_path(text, lower),
        service_account: extract::service_account(text),
        webhook: extract::webhook(lower),
        times: times::times(text),
        frames: frames::frames(lower),
        role_arn,
        issuer: extract::issuer(text),
        provider: extract::provider(text),
        audience: extract::audience(text),
        request_id: extract::request_id(text, lower),
        http_status: extract::http_status(lower),
        host: called.host,
        denied_action: action,
        caller_arn: extract::caller_arn(text),
        sdk: extract::sdk(text),
        ts: None,
    }
}

fn is_refusal(symptom: Symptom) -> bool {
    matches!(
        symptom,
        Symptom::AccessDeniedAction
            | Symptom::NodeRoleUsed
            | Symptom::AssumeRoleDenied
            | Symptom::AssumeRoleSelf
            | Symptom::PodIdentityAccessDenied
    )
}

#[expect(clippy::wildcard_enum_match_arm, reason = "few symptoms have a detail")]
fn detail(symptom: Symptom, text: &str, lower: &str) -> Option<String> {
    let word_after = |marker: &str| {
        let at = lower.find(marker)? + marker.len();
        let rest = text.get(at..)?;
        let end = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | ':')))
            .unwrap_or(rest.len());
        rest.get(..end).map(|w| w.trim_end_matches(['.', ':']).to_owned()).filter(|w| !w.is_empty())
    };
    match symptom {
        Symptom::MissingClaim => word_after("missing a required claim: "),
        Symptom::EmptyClaim => word_after("not allowed to be empty: "),
        Symptom::QuotaExceeded => word_after("cannot exceed quota for "),
        Symptom::TokenFileUnreadable | Symptom::TokenFileMissing => {
            extract::token_path(text, lower).map(|path| path.as_str().to_owned())
        }
        Symptom::VariableUnexpanded => special::variable(text),
        Symptom::AnnotationKeyUnknown => special::key_shown(text),
        Symptom::StsRegionMissing => word_after("region is not valid: "),
        Symptom::SignatureScope => word_after("scoped to a valid region, not '"),
        Symptom::IdpLifetimeRefused => {
            let rest = extract::after(text, "ifetime too high (")?;
            rest.split(')').next().filter(|d| d.len() < 64).map(str::to_owned)
        }
        Symptom::PodIdentityTokenRefused => {
            let rest = extract::after(text, "validations: ").or_else(|| extract::after(text, "validation failed: "))?;
            Some(message(rest.split(['"', '\n', ',']).next()?, 0)).filter(|d| !d.is_empty())
        }
        Symptom::GhaCallerLacksIdToken => {
            let called = extract::after(text, "rror calling workflow '")?.split('\'').next()?;
            (!called.is_empty() && called.len() < 256).then(|| called.to_owned())
        }
        Symptom::PublishedKeyIncomplete => Some(if lower.contains("missing alg") { "alg" } else { "kid" }.to_owned()),
        _ => None,
    }
}
