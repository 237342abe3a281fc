//! Decides about a token as STS does, up to the trust policy.
//!
//! The order of the checks is inferred: shape, claims, provider, key, signature, times,
//! audience. AWS does not document it.

use serde::Serialize;

use crate::claims::{Audience, Claims, Moment, Text};
use crate::error::TokenError;
use crate::jwks::{Chosen, Jwks, KeyFacts, KeyProblem};
use crate::material::Algorithm;
use crate::rejection::{Mark, StsRejection};
use crate::token::Token;

/// Seconds by which clocks may differ (IAM User Guide: five minutes past `exp`; the same
/// allowance for `iat` and `nbf` is reported).
pub const CLOCK_SKEW_SECONDS: i64 = 300;

/// What the account registered, and the moment of the call.
#[derive(Debug, Clone, Copy)]
pub struct Expect<'a> {
    /// The provider's URL, with or without `https://`.
    pub issuer: &'a str,
    /// The provider's client ids.
    pub client_ids: &'a [String],
    /// Unix seconds.
    pub now: i64,
}

/// The identity a token proves: what the trust policy is asked about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AcceptedIdentity {
    /// `iss`.
    pub issuer: String,
    /// `sub`.
    pub subject: String,
    /// The condition key `aud`: `azp` if there is one, else `aud` (IAM User Guide for Google; reported for all).
    pub audience: String,
    /// When the token expires, Unix seconds; STS takes it five minutes longer.
    pub expires: i64,
}

/// STS's decision.
pub type Verdict = Result<AcceptedIdentity, StsRejection>;

impl From<TokenError> for StsRejection {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::TooShort { .. } => Self::length(true),
            TokenError::TooLong { .. } => Self::length(false),
            TokenError::Parts(_)
            | TokenError::Base64(_)
            | TokenError::Json(_)
            | TokenError::NoAlgorithm
            | TokenError::Critical => Self::not_a_jwt(Mark::Reported),
        }
    }
}

/// Whether STS takes the token for a provider with this issuer, these keys and client ids.
pub fn verify(token: &Token<'_>, keys: &Jwks, expect: &Expect<'_>) -> Verdict {
    let required = issued_by(token, expect)?;
    let key = match keys.choose(token.header().kid.as_deref()) {
        Chosen::Key(key) => key,
        Chosen::Unusable => return Err(unusable(keys.chosen_facts(token.header().kid.as_deref()))),
        Chosen::NotFound => return Err(StsRejection::key_not_found()),
    };
    if !key.verifies(token) {
        return Err(StsRejection::bad_signature());
    }
    accepted(token.claims(), &required, expect)
}

/// Why a key that is found checks no signature.
fn unusable(key: Option<&KeyFacts>) -> StsRejection {
    match key.and_then(|k| k.bits.filter(|_| k.problem == Some(KeyProblem::TooShort))) {
        Some(bits) => StsRejection::key_too_short(bits),
        None => StsRejection::bad_signature(),
    }
}

/// The same without the signature, for when no key set is at hand. An `Ok` proves nothing about
/// who made the token.
pub fn check_claims(token: &Token<'_>, expect: &Expect<'_>) -> Verdict {
    let required = issued_by(token, expect)?;
    accepted(token.claims(), &required, expect)
}

fn issued_by<'t>(token: &'t Token<'_>, expect: &Expect<'_>) -> Result<Required<'t>, StsRejection> {
    if Algorithm::from_name(&token.header().alg).is_none() {
        return Err(StsRejection::not_a_jwt(Mark::Inferred));
    }
    let required = required(token.claims())?;
    if without_scheme(required.iss) == without_scheme(expect.issuer) {
        Ok(required)
    } else {
        Err(StsRejection::no_provider(required.iss))
    }
}

fn accepted(claims: &Claims, required: &Required<'_>, expect: &Expect<'_>) -> Verdict {
    times(claims, required, expect.now)?;
    let audience = audience(claims, expect.client_ids)?;
    Ok(AcceptedIdentity {
        issuer: required.iss.to_owned(),
        subject: required.sub.to_owned(),
        audience: audience.to_owned(),
        expires: required.exp,
    })
}

struct Required<'a> {
    iss: &'a str,
    sub: &'a str,
    exp: i64,
    iat: i64,
}

fn required(claims: &Claims) -> Result<Required<'_>, StsRejection> {
    let iss = text(&claims.iss, "iss")?;
    if claims.sub == Text::Null {
        return Err(StsRejection::null_subject());
    }
    let sub = text(&claims.sub, "sub")?;
    match &claims.aud {
        Audience::Absent => return Err(StsRejection::missing("aud")),
        Audience::Other => return Err(StsRejection::unusable("aud")),
        Audience::Values(v) if v.is_empty() => return Err(StsRejection::empty_audience()),
        Audience::Values(_) => {}
    }
    if claims.nbf == Moment::Invalid {
        return Err(StsRejection::timestamp());
    }
    Ok(Required { iss, sub, exp: moment(claims.exp, "exp")?, iat: moment(claims.iat, "iat")? })
}

fn text<'a>(claim: &'a Text, name: &'static str) -> Result<&'a str, StsRejection> {
    claim.value().ok_or_else(|| match claim {
        Text::Absent => StsRejection::missing(name),
        Text::Null | Text::Other | Text::Value(_) => StsRejection::unusable(name),
    })
}

fn moment(claim: Moment, name: &'static str) -> Result<i64, StsRejection> {
    match claim {
        Moment::Seconds(s) => Ok(s),
        Moment::Absent => Err(StsRejection::missing(name)),
        Moment::Invalid => Err(StsRejection::timestamp()),
    }
}

fn times(claims: &Claims, required: &Required<'_>, now: i64) -> Result<(), StsRejection> {
    let earliest = now.saturating_sub(CLOCK_SKEW_SECONDS);
    let latest = now.saturating_add(CLOCK_SKEW_SECONDS);
    // STS's words: the time must be before the expiry, not at it (so does RFC 7519, section 4.1.4).
    if required.exp <= earliest {
        // STS prints its time less the allowance (reported).
        return Err(StsRejection::expired(earliest, required.exp));
    }
    if required.iat > latest {
        return Err(StsRejection::issued_in_future(required.iat));
    }
    match claims.nbf {
        Moment::Seconds(nbf) if nbf > latest => Err(StsRejection::not_yet_valid(latest, nbf)),
        Moment::Seconds(_) | Moment::Absent | Moment::Invalid => Ok(()),
    }
}

/// The audience that counts: `azp` replaces `aud`, and several values need it.
fn audience<'a>(claims: &'a Claims, client_ids: &[String]) -> Result<&'a str, StsRejection> {
    if let Some(azp) = claims.azp.value() {
        return known(azp, client_ids).ok_or_else(|| StsRejection::audience(true));
    }
    match claims.aud.values() {
        [one] => known(one, client_ids).ok_or_else(|| StsRejection::audience(false)),
        _ => Err(StsRejection::several_audiences()),
    }
}

fn known<'a>(value: &'a str, client_ids: &[String]) -> Option<&'a str> {
    client_ids.iter().any(|c| c == value).then_some(value)
}

/// IAM keeps a provider's URL without its scheme.
pub(crate) fn without_scheme(url: &str) -> &str {
    url.strip_prefix("https://").unwrap_or(url)
}
