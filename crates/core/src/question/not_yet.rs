//! Tokens that begin to be valid later than STS's clock shows.

use trustwalk_symptoms::Symptom;

use super::Draft;
use super::facts::{GRACE, told};
use super::symptoms::find;
use crate::cause::Cause;
use crate::evidence::{LAST_SECOND, TokenClaims, View};
use crate::finding::Confidence;

/// What STS prints of such a token.
const SAID: &[Symptom] = &[Symptom::IssuedInFuture, Symptom::NotYetValid];

const CLOCK: &str = "have NTP keep the clock of whoever issues the tokens, or take its delay of nbf away, and get a \
                     new token";

/// A claim that must lie in the past and is no number of seconds.
pub(super) fn in_milliseconds(token: &TokenClaims) -> Option<(&'static str, i64)> {
    let claims = [("iat", token.iat), ("nbf", token.nbf)];
    claims.into_iter().find_map(|(claim, at)| at.filter(|at| *at > LAST_SECOND).map(|at| (claim, at)))
}

/// The token itself shows it. That no clock but this machine's tells the time makes it less sure.
pub(super) fn token(e: &View<'_>, token: &TokenClaims) -> Option<(Cause, Draft)> {
    let claims = [("iat", token.iat), ("nbf", token.nbf)];
    let (claim, at) = claims.into_iter().filter_map(|(claim, at)| Some((claim, at?))).max_by_key(|(_, at)| *at)?;
    let ahead = at.saturating_sub(e.now());
    if ahead <= GRACE {
        return None;
    }
    let draft = Draft::new(format!(
        "the token is valid from {} on ({claim}), {} minutes after the time: STS forgives five",
        told(at),
        ahead / 60
    ))
    .show(&format!("token {claim}"), told(at), token.origin.clone())
    .show("now", told(e.now()), "evidence");
    // The cluster's clock is the one in question, so that only AWS's counts.
    let draft = if e.clock().known().is_some() || said(e) {
        draft
    } else {
        draft.unsure(Confidence::Likely, "the time by AWS's clock: the Date of an answer of STS, beside `date -u`")
    };
    Some((Cause::TokenNotValidYet, draft.cure(CLOCK, &[])))
}

/// Whether STS said so to our own exchange.
fn said(e: &View<'_>) -> bool {
    let Some(exchange) = e.exchange().known() else { return false };
    let text = [exchange.code.as_deref(), exchange.message.as_deref()].map(Option::unwrap_or_default).join(": ");
    trustwalk_symptoms::classify(&text).is_some_and(|f| SAID.contains(&f.symptom))
}

/// Only a log tells.
pub(super) fn heard(view: &View<'_>) -> Option<Draft> {
    let line = find(view, SAID)?;
    let draft = Draft::new(
        "the token begins to be valid more than five minutes after the time by STS's clock: the clock of whoever \
         issues it is ahead, or it sets nbf to a later moment",
    );
    Some(draft.hear(line).cure(CLOCK, &[]))
}
