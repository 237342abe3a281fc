//! What is wrong with a condition's key.

use super::issuer::{issuer_difference, request_issuer, scheme_less};
use super::{Miss, has_placeholder};
use crate::call::is_of_call;
use crate::claim_keys::claim_becomes_key;
use crate::claims::issuer_path;
use crate::request::Request;
use crate::statement::Condition;

/// Mistakes in a condition's key, for a key that the request does not have.
pub(crate) fn key_misses(condition: &Condition, request: &Request, misses: &mut Vec<Miss>) {
    let (key, issuer) = (&*condition.key, request_issuer(request));
    let key_lower = key.to_ascii_lowercase();
    if has_placeholder(key) {
        misses.push(Miss::Unexpanded { text: key.to_owned() });
        return;
    }
    if ["aws:requesttag/", "aws:principaltag/"].iter().any(|tag| key_lower.starts_with(tag))
        || key_lower == "aws:tagkeys"
    {
        misses.push(Miss::TagMissing { key: key.to_owned() });
        return;
    }
    if is_of_call(key) {
        misses.push(Miss::CallDiffers { key: key.to_owned() });
        return;
    }
    if issuer.is_empty() || key_lower.starts_with("saml:") {
        return;
    }
    let (bare, wrapped) = match (scheme_less(key), issuer_path(key)) {
        (Some(rest), _) => (rest, Some(Miss::SchemeInKey { expected: rest.to_owned() })),
        (None, Some(rest)) => {
            let rest = scheme_less(rest).unwrap_or(rest);
            (rest, Some(Miss::ArnInKey { expected: rest.to_owned() }))
        }
        (None, None) => (key, None),
    };
    let unwrapped = wrapped.is_none();
    misses.extend(wrapped);
    if bare.trim_end_matches(['/', ':']).eq_ignore_ascii_case(issuer) {
        let expected = request.context.iter().map(|(k, _)| k).filter(|k| !k.starts_with("aws:"));
        misses.push(Miss::MissingSuffix { expected: expected.map(str::to_owned).collect() });
        return;
    }
    let Some((written, claim)) = bare.rsplit_once(':') else { return };
    if let Some((inner, _)) = written.rsplit_once(':').filter(|(i, c)| !i.is_empty() && claim_becomes_key(i, c)) {
        misses.push(Miss::DoubledSuffix { expected: format!("{inner}:{claim}") });
        return;
    }
    if written.eq_ignore_ascii_case(issuer) {
        if !unwrapped && claim_becomes_key(issuer, claim) {
            return;
        }
        let claim = claim.to_owned();
        let mapped = claim_becomes_key(issuer, &claim);
        misses.push(if mapped { Miss::ClaimMissing { claim } } else { Miss::ClaimNotMapped { claim } });
        return;
    }
    let expected = format!("{issuer}:{claim}");
    let squeezed = |t: &str| t.to_lowercase().replace(char::is_whitespace, "");
    if unwrapped && squeezed(key) == squeezed(&expected) {
        misses.push(Miss::KeyAlmost { expected });
    } else {
        let difference = issuer_difference(written, issuer);
        misses.push(Miss::KeyOfOtherIssuer { issuer: written.to_owned(), expected: issuer.to_owned(), difference });
    }
}
