//! What a person should look at in a token, before STS says so less clearly.

use serde::Serialize;

use crate::error::TokenError;
use crate::facts::TokenFacts;
use crate::material::Algorithm;
use crate::token::MAX_TOKEN_BYTES;
use crate::verify::{CLOCK_SKEW_SECONDS, without_scheme};

/// Kinds of hints, stable names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum HintKind {
    /// White space before or after the token; SDKs send the file as it is (botocore source).
    WhiteSpace,
    /// More than a token in the file, such as a log line.
    SurroundingText,
    /// `Bearer ` or quotes around it.
    Wrapped,
    /// Five parts: an encrypted token, which STS cannot read.
    Encrypted,
    /// Fewer than three parts: cut off, or an opaque access token.
    NotThreeParts,
    /// Longer than STS takes.
    TooLong,
    /// A service account's secret token: no `aud`, no `exp` (Kubernetes).
    LegacyServiceAccountToken,
    /// A Kubernetes token for the API server, not for AWS.
    ApiServerAudience,
    /// A token for EKS Pod Identity, which STS does not take by web identity.
    PodIdentityAudience,
    /// An access token where an ID token is wanted.
    AccessToken,
    /// Past its expiry and the clock allowance.
    Expired,
    /// Past its expiry, within the clock allowance.
    ExpiredWithinAllowance,
    /// Issued in the future or not valid yet: clocks differ.
    Future,
    /// An algorithm STS does not take.
    Algorithm,
    /// Several audiences and no `azp`.
    SeveralAudiences,
    /// `azp` replaces `aud` for STS.
    AuthorizedParty,
    /// A required claim is missing.
    MissingClaim,
    /// The issuer's URL ends with a slash, which counts.
    IssuerSlash,
    /// The issuer is reachable inside the cluster only.
    PrivateIssuer,
    /// The subject has GitHub's numeric ids, which name-only policies do not match.
    ImmutableSubject,
    /// China's audience or STS's host name as audience.
    UnusualAudience,
}

/// One hint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Hint {
    /// Which.
    pub kind: HintKind,
    /// In words, a fragment.
    pub text: String,
}

fn hint(kind: HintKind, text: impl Into<String>) -> Hint {
    Hint { kind, text: text.into() }
}

/// The first token in a text that holds more: a file with a log line, a header, quotes.
pub fn find_token(raw: &str) -> Option<&str> {
    raw.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')))
        .find(|w| begins_with_object(w) && w.bytes().filter(|b| *b == b'.').count() == 2)
}

/// Whether a header may begin here: in base64 `{` is `ey` before a quote or blank, and `ew` before a
/// line's end, as in `ewogICJhbGciOi`; `ews.example.com` is too short for one.
fn begins_with_object(word: &str) -> bool {
    const SHORTEST: usize = "ewoiYWxnIjoiIn0".len();
    word.starts_with("ey") || word.starts_with("ew") && word.find('.').is_some_and(|end| end >= SHORTEST)
}

/// Hints about the text a token was read from. They never repeat it.
pub fn lint_raw(raw: &str) -> Vec<Hint> {
    let mut out = Vec::new();
    let trimmed = raw.trim();
    if trimmed.len() != raw.len() {
        out.push(hint(HintKind::WhiteSpace, "white space around the token is sent along with it"));
    }
    let bare = trimmed.trim_start_matches("Bearer ").trim_matches(['"', '\'']);
    if bare.len() != trimmed.len() {
        out.push(hint(HintKind::Wrapped, "the token is wrapped in quotes or preceded by `Bearer`"));
    }
    if let Some(token) = find_token(bare)
        && token.len() != bare.len()
    {
        out.push(hint(HintKind::SurroundingText, "the text holds more than the token, such as a log line"));
        return out;
    }
    match bare.bytes().filter(|b| *b == b'.').count() + 1 {
        3 => {}
        5 => out
            .push(hint(HintKind::Encrypted, "the token is encrypted (five parts); an ID token signed only is wanted")),
        n => out.push(hint(
            HintKind::NotThreeParts,
            format!("{} instead of 3: cut off, or an opaque access token", TokenError::in_parts(n)),
        )),
    }
    if bare.len() > MAX_TOKEN_BYTES {
        out.push(hint(HintKind::TooLong, format!("{} bytes; AWS takes {MAX_TOKEN_BYTES}", bare.len())));
    }
    out
}

/// Hints about what a token says, at `now` in Unix seconds.
pub fn lint(facts: &TokenFacts, now: i64) -> Vec<Hint> {
    let mut out = Vec::new();
    kind(facts, &mut out);
    times(facts, now, &mut out);
    audience(facts, &mut out);
    issuer(facts, &mut out);
    out
}

fn kind(facts: &TokenFacts, out: &mut Vec<Hint>) {
    if Algorithm::from_name(&facts.alg).is_none() {
        out.push(hint(HintKind::Algorithm, format!("algorithm `{}` is not one AWS takes", facts.alg)));
    }
    let legacy = facts.extra.contains_key("kubernetes.io/serviceaccount/service-account.name");
    if legacy {
        let text = "a service account's secret token, without audience and expiry; a projected token is wanted";
        out.push(hint(HintKind::LegacyServiceAccountToken, text));
    }
    let typed = facts.typ.as_deref().is_some_and(|t| t.eq_ignore_ascii_case("at+jwt"));
    if typed
        || facts.extra.contains_key("scp")
        || facts.extra.contains_key("scope") && !facts.extra.contains_key("nonce")
    {
        out.push(hint(HintKind::AccessToken, "this looks like an access token; AWS wants an ID token"));
    }
    if legacy {
        return;
    }
    let absent = [
        ("iss", facts.iss.is_none()),
        ("sub", facts.sub.is_none()),
        ("aud", facts.aud.is_empty()),
        ("exp", facts.exp.is_none()),
        ("iat", facts.iat.is_none()),
    ];
    for (name, _) in absent.iter().filter(|(_, missing)| *missing) {
        out.push(hint(HintKind::MissingClaim, format!("claim `{name}` is missing or of a wrong type")));
    }
}

fn times(facts: &TokenFacts, now: i64, out: &mut Vec<Hint>) {
    if let Some(exp) = facts.exp {
        let past = now.saturating_sub(exp);
        if past >= CLOCK_SKEW_SECONDS {
            out.push(hint(HintKind::Expired, format!("expired {past} s ago")));
        } else if past >= 0 {
            out.push(hint(
                HintKind::ExpiredWithinAllowance,
                format!("expired {past} s ago; AWS allows {CLOCK_SKEW_SECONDS} s"),
            ));
        }
    }
    let start = facts.iat.max(facts.nbf).map_or(0, |s| s.saturating_sub(now));
    if start > 0 {
        out.push(hint(HintKind::Future, format!("valid only in {start} s: clocks differ")));
    }
}

fn audience(facts: &TokenFacts, out: &mut Vec<Hint>) {
    let kubernetes = facts.sub.as_deref().is_some_and(|s| s.starts_with("system:serviceaccount:"));
    let iss = facts.iss.as_deref().unwrap_or_default();
    for aud in &facts.aud {
        if kubernetes && (aud == iss || aud.contains("kubernetes.default.svc")) {
            out.push(hint(HintKind::ApiServerAudience, format!("audience `{aud}` is the API server's, not AWS's")));
        } else if aud == "pods.eks.amazonaws.com" {
            out.push(hint(
                HintKind::PodIdentityAudience,
                "this token is for the EKS Pod Identity agent, not for web identity",
            ));
        } else if aud.starts_with("sts.") && aud != "sts.amazonaws.com" || aud.starts_with("https://sts.") {
            out.push(hint(
                HintKind::UnusualAudience,
                format!("audience `{aud}` differs from `sts.amazonaws.com`; the provider must list it"),
            ));
        }
    }
    match &facts.azp {
        Some(azp) if !facts.aud.contains(azp) => {
            out.push(hint(HintKind::AuthorizedParty, format!("AWS takes `azp` = `{azp}` in place of the audience")));
        }
        None if facts.aud.len() > 1 => {
            out.push(hint(HintKind::SeveralAudiences, "several audiences without `azp` are refused"));
        }
        _ => {}
    }
}

fn issuer(facts: &TokenFacts, out: &mut Vec<Hint>) {
    let Some(iss) = facts.iss.as_deref() else { return };
    if iss.ends_with('/') {
        out.push(hint(HintKind::IssuerSlash, "the issuer ends with a slash; the provider's URL must, too"));
    }
    let host = without_scheme(iss).split(['/', ':']).next().unwrap_or_default();
    if !iss.starts_with("https://") || matches!(host.rsplit('.').next(), Some("local" | "svc")) || host == "localhost" {
        out.push(hint(HintKind::PrivateIssuer, format!("issuer `{iss}` cannot be reached by AWS")));
    }
    let sub = facts.sub.as_deref().unwrap_or_default();
    let repository = sub.strip_prefix("repo:").and_then(|r| r.split(':').next()).unwrap_or_default();
    if repository.contains('@') {
        out.push(hint(
            HintKind::ImmutableSubject,
            "the subject carries numeric ids; policies with names alone do not match it",
        ));
    }
}
