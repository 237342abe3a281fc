//! Judges one text. Rows of wordings come first, then what needs more than a substring: network
//! errors, token files, refused actions.

use trustwalk_foreign::redact;

use std::borrow::Cow;

use crate::cloudtrail::{Event, TrailRecord};
use crate::failure::Failure;
use crate::hook;
use crate::marks;
use crate::network::network;
use crate::parts::Held;
use crate::refusal::{of_web_identity, refused_action};
use crate::rules::{GENERIC_CODE, SPECIFIC_CODES};
use crate::special;
use crate::start;
use crate::success::{self, Success};
use crate::symptom::Symptom;
use crate::text::{action, endpoint, extract, frames, normal::Normal, normal::normalise, times};

/// A message is cut to this many bytes: enough for AWS's longest sentence and two ARNs.
const MAX_MESSAGE: usize = 700;
/// Bytes kept before the words that decided, so that the wrapper's first words show.
const MESSAGE_LEAD: usize = 240;
/// A longer word is cut where the message ends.
const MAX_WORD: usize = 200;
/// More text than this is not judged: no failure's words are longer, but lines can be.
const MAX_JUDGED: usize = 64 * 1024;

/// The most telling failure in a text: one line or several, plain, JSON, logrus, with container
/// runtime prefixes or colours. `None` if it tells of none.
pub fn classify(text: &str) -> Option<Failure> {
    classify_all(text).into_iter().next()
}

/// Every distinct failure in a text, most telling first.
pub fn classify_all(text: &str) -> Vec<Failure> {
    read(text).failures
}

/// All that one record tells.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Told {
    /// Failures, most telling first.
    pub failures: Vec<Failure>,
    /// An exchange, or a call with its credentials, that succeeded.
    pub success: Option<Success>,
    /// A record of `CloudTrail` about web identity, which tells more than its failure.
    pub trail: Option<TrailRecord>,
    /// Whether a program began here.
    pub start: bool,
    /// Words about AWS's credentials, tokens or STS that tell of trouble and that no wording matches: redacted, on one
    /// line, cut to a bounded length.
    pub unclear: Option<String>,
    /// When the record was written, UTC in ISO 8601.
    pub ts: Option<String>,
}

/// Reads one record: a failure with its stack, a success, an event of `CloudTrail`.
pub fn read(text: &str) -> Told {
    let cut = floor(text, MAX_JUDGED);
    // Before names are parted from values and lines are joined, and once more where both made another text.
    let raw = redact(text.get(..cut).unwrap_or_default());
    if let Some(event) = TrailRecord::find(&raw) {
        return match event {
            Event::Ours(record) => record.told(),
            Event::Foreign => Told::default(),
        };
    }
    let Normal { text: plain, ts } = normalise(&raw);
    let plain = if plain == raw.trim_end() { Cow::Borrowed(plain.as_str()) } else { redact(&plain) };
    let lower = plain.to_ascii_lowercase();
    let ts = ts.map(|t| t.to_string());
    let mut failures: Vec<Failure> =
        symptoms(&plain, &lower).into_iter().map(|(symptom, at)| describe(symptom, at, &plain, &lower)).collect();
    failures.extend(special::audit(&raw).filter(|_| failures.is_empty()));
    for failure in &mut failures {
        failure.ts.clone_from(&ts);
    }
    let quiet = failures.is_empty();
    let success = success::success(&plain, &lower, ts.as_deref()).filter(|_| quiet);
    let start = quiet && start::is_start(&lower);
    let unclear = (quiet && success.is_none() && !start && special::is_unclear(&lower))
        .then(|| message(&plain, special::subject(&lower)));
    Told { failures, success, trail: None, start, unclear, ts }
}

/// The meaning of a sentence that is plain and redacted already.
pub(crate) fn symptom_of(sentence: &str) -> Option<Symptom> {
    symptoms(sentence, &sentence.to_ascii_lowercase()).first().map(|(symptom, _)| *symptom)
}

/// The symptoms and where in the text the words of each begin.
fn symptoms(text: &str, lower: &str) -> Vec<(Symptom, usize)> {
    let mut out: Vec<(Symptom, usize)> = Vec::new();
    let mut add = |found: Option<(Symptom, usize)>| {
        if let Some((s, at)) = found
            && !out.iter().any(|(seen, _)| overshadows(*seen, s))
        {
            out.push((s, at));
        }
    };
    // A chain of providers tells why each of them, the default profile's too, had nothing.
    let chain = special::is_chain(lower);
    let ours = marks::is_aws(lower) && !marks::is_another_cloud(lower);
    add(special::unexpanded(lower));
    add(special::not_given(lower, chain));
    let held = Held::of(lower);
    for (r, at) in held.specific() {
        if !(chain && r.symptom == Symptom::ProfileMissing || r.shared && !ours) {
            add(Some((r.symptom, at)));
        }
    }
    add(of_web_identity(lower));
    add(hook::ours(lower));
    // A link that tells of STS tells its own cause.
    if chain && !(lower.contains("sts.") && lower.contains("amazonaws.com")) {
        add(special::interrupted(lower));
    }
    for (symptom, code) in SPECIFIC_CODES {
        add(answered(code, lower).map(|at| (*symptom, at)));
    }
    add(token_file(lower));
    add(network(lower));
    add(refused_action(text, lower));
    if out.is_empty() {
        let coded = answered(GENERIC_CODE.1, lower).map(|at| (GENERIC_CODE.0, at));
        let worded = || held.generic().find(|(r, _)| ours || !r.shared).map(|(r, at)| (r.symptom, at));
        return coded.or_else(worded).into_iter().collect();
    }
    out
}

/// Whether a symptom already found makes another, less exact one superfluous.
#[expect(clippy::wildcard_enum_match_arm, reason = "few symptoms say less than others")]
fn overshadows(seen: Symptom, new: Symptom) -> bool {
    use Symptom as S;
    let more_exact = match new {
        S::ExpiredSession => matches!(seen, S::ExpiredToken | S::PodIdentityTokenExpired),
        S::SignatureMismatch => matches!(seen, S::SignatureScope | S::ClockSkew),
        S::MalformedPolicy => seen == S::FederatedInvalid,
        S::TokenFileMissing | S::TokenFileUnreadable => matches!(seen, S::WrongTokenFile | S::WebIdentityNotGiven),
        S::ApiTokenInvalid => seen == S::ApiTokenRefused,
        S::GhaTokenRefused => matches!(seen, S::AudienceNotIssued | S::GhaTokenPending),
        S::RoleArnInvalid => seen == S::VariableUnexpanded,
        S::ImdsUnreachable | S::NoInstanceRole => matches!(seen, S::StsModuleMissing | S::WebIdentityNotGiven),
        S::ProfileMissing | S::ChainInterrupted => seen == S::WebIdentityNotGiven,
        S::StsServerError => matches!(seen, S::StsWrongEndpoint | S::PodIdentityTrustRefused),
        S::StsTimeout | S::StsUnreachable | S::StsDns | S::StsRefused => {
            matches!(seen, S::ChainInterrupted | S::EksAuthUnreachable | S::EndpointWithoutScheme)
        }
        S::AccessDeniedAction => {
            is_of_agent(seen)
                || seen == S::WebIdentityOther
                || matches!(seen, S::DocumentsDenied | S::TokenFileUnreadable | S::StsWrongEndpoint)
        }
        // The agent itself acts as the node.
        S::NodeRoleUsed => is_of_agent(seen),
        S::PodIdentityAgentError => is_of_agent(seen) || seen == S::Throttled,
        S::PodIdentityAccessDenied => seen == S::PodIdentityTrustRefused,
        S::PodIdentityTokenExpired => seen == S::PodIdentityTokenRefused,
        _ => false,
    };
    seen == new || more_exact
}

/// An answer of the Pod Identity agent that says more than that there was one.
fn is_of_agent(seen: Symptom) -> bool {
    use Symptom as S;
    matches!(
        seen,
        S::PodIdentityTokenExpired
            | S::PodIdentityNoAssociation
            | S::PodIdentityAccessDenied
            | S::PodIdentityTrustRefused
            | S::PodIdentityTokenMalformed
            | S::PodIdentityTokenRefused
            | S::EksAuthUnreachable
            | S::PodIdentityWrongAddress
    )
}

/// A code as an answer's, not in a list of codes, an import or a counter's name.
pub(crate) fn answered(code: &str, lower: &str) -> Option<usize> {
    lower.match_indices(code).find_map(|(at, _)| {
        let after = lower.get(at + code.len()..)?;
        let after = after.strip_prefix("exception").unwrap_or(after);
        [": ", ")", "'", "\"", "</", "; ", " ("].iter().any(|end| after.starts_with(end)).then_some(at)
    })
}

pub(crate) fn any(lower: &str, parts: &[&str]) -> bool {
    parts.iter().any(|p| lower.contains(p))
}

/// Trouble with the projected token's file.
fn token_file(lower: &str) -> Option<(Symptom, usize)> {
    let at = [
        "/serviceaccount/token",
        "eks-pod-identity-token",
        "webidentity token",
        "web identity token",
        "web_identity_token_file",
        "webidentitytokenfile",
        // Go 2, whatever the path.
        "failed to retrieve jwt from provide source",
    ]
    .iter()
    .find_map(|m| lower.find(m))?;
    if any(lower, &["permission denied", "eacces", "errno 13", "accessdeniedexception: /", "access to the path"]) {
        return Some((Symptom::TokenFileUnreadable, at));
    }
    any(
        lower,
        &[
            "no such file or directory",
            "enoent",
            "errno 2]",
            "nosuchfileexception",
            "cannot find the path",
            "could not find file",
            "does not exist",
        ],
    )
    .then_some((Symptom::TokenFileMissing, at))
}

fn describe(symptom: Symptom, at: usize, text: &str, lower: &str) -> Failure {
    let called = endpoint::endpoint(text);
    let role_arn = extract::role_arn(text);
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
        denied_action: is_refusal(symptom).then(|| action::denied(text)).flatten(),
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
        Symptom::PublishedKeyIncomplete => Some(if lower.contains("missing alg") { "alg" } else { "kid" }.to_owned()),
        _ => None,
    }
}

/// The words around `at`, on one line and of bounded length: a word is shown whole, and `…` stands where words are left
/// out.
pub(crate) fn message(text: &str, at: usize) -> String {
    let from = floor(text, at.saturating_sub(MESSAGE_LEAD));
    let start = if from == 0 || begins_word(text, from) { from } else { next_word(text, from) };
    let to = floor(text, start + MAX_MESSAGE);
    let whole = to == text.len() || begins_word(text, to) || text.get(to..).is_some_and(|r| r.starts_with(is_blank));
    let end = if whole { to } else { last_word(text, start, to) };
    let left_out = |part: Option<&str>| part.is_some_and(|p| !p.trim().is_empty()).then_some("…");
    let words = text.get(start..end).unwrap_or_default().split_whitespace();
    let mut out = String::with_capacity(end - start);
    for word in left_out(text.get(..start)).into_iter().chain(words).chain(left_out(text.get(end..))) {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

fn is_blank(c: char) -> bool {
    c.is_whitespace()
}

fn begins_word(text: &str, at: usize) -> bool {
    text.get(..at).is_some_and(|head| head.ends_with(is_blank))
}

/// Where the next word begins; the place itself where none does soon.
fn next_word(text: &str, from: usize) -> usize {
    let rest = text.get(from..floor(text, from + MAX_WORD)).unwrap_or_default();
    rest.find(is_blank).map_or(from, |n| from + n)
}

/// Where the last whole word before `to` ends; `to` itself where the word is longer than any.
fn last_word(text: &str, start: usize, to: usize) -> usize {
    let least = floor(text, to.saturating_sub(MAX_WORD)).max(start);
    let tail = text.get(least..to).unwrap_or_default();
    tail.rfind(is_blank).map_or(to, |n| least + n)
}

/// The nearest character boundary at or before `at`.
fn floor(text: &str, at: usize) -> usize {
    text.floor_char_boundary(at)
}
