//! What a code of AWS means by itself, as people search for it.

use crate::rules::{GENERIC_CODE, SPECIFIC_CODES};
use crate::symptom::Symptom;

/// Codes whose words would say more (STS API reference, "Common Error Types"; IAM API reference).
const ALONE: &[(Symptom, &str)] = &[
    (Symptom::ExpiredToken, "expiredtoken"),
    (Symptom::NotAuthorizedWebIdentity, "accessdenied"),
    (Symptom::SecurityTokenInvalid, "invalidclienttokenid"),
    (Symptom::SecurityTokenInvalid, "unrecognizedclient"),
    (Symptom::SecurityTokenInvalid, "invalidaccesskeyid"),
    (Symptom::SignatureMismatch, "signaturedoesnotmatch"),
    (Symptom::Throttled, "throttling"),
    (Symptom::ClockSkew, "requestexpired"),
    (Symptom::QuotaExceeded, "limitexceeded"),
    (Symptom::ProviderExists, "entityalreadyexists"),
];

/// The failure that a word names: a code of AWS with or without `Exception` or `Error`, or our own name for it.
pub fn of_code(word: &str) -> Option<Symptom> {
    let lower = word.trim().to_ascii_lowercase();
    if let Some(own) = Symptom::ALL.iter().find(|s| s.name() == lower) {
        return Some(*own);
    }
    let bare = |text: &str| {
        let text = text.strip_suffix("exception").unwrap_or(text);
        text.strip_suffix("error").unwrap_or(text).to_owned()
    };
    let (wanted, all) = (bare(&lower), SPECIFIC_CODES.iter().chain([&GENERIC_CODE]).chain(ALONE));
    all.into_iter().find(|(_, code)| bare(code) == wanted).map(|(symptom, _)| *symptom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_known_however_a_library_calls_them() {
        for (word, symptom) in [
            ("PackedPolicyTooLarge", Symptom::PackedPolicyTooLarge),
            ("PackedPolicyTooLargeException", Symptom::PackedPolicyTooLarge),
            ("IDPCommunicationError", Symptom::IdpCommunication),
            ("IDPCommunicationErrorException", Symptom::IdpCommunication),
            ("ExpiredTokenException", Symptom::ExpiredToken),
            ("invalididentitytoken", Symptom::InvalidIdentityTokenOther),
            ("thumbprint-mismatch", Symptom::ThumbprintMismatch),
        ] {
            assert_eq!(of_code(word), Some(symptom), "{word}");
        }
        for word in ["", "exception", "error", "Incorrect token audience"] {
            assert_eq!(of_code(word), None, "{word}");
        }
    }
}
