//! What STS answered, and which of its checks that answer belongs to.

use trustwalk_symptoms::Symptom;

use crate::evidence::View;

/// STS's check that refused, in the order STS checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Refusal {
    /// Malformed parameters.
    Parameters,
    /// The token's form or times.
    Token,
    /// No provider for the issuer.
    NoProvider,
    /// Issuer's certificate and thumbprint.
    Thumbprint,
    /// The issuer's keys.
    Keys,
    /// Audience (or, in the newer wording, the signature).
    Audience,
    /// The trust policy, or no such role.
    Denied,
}

/// Whether a real exchange of this identity succeeded.
pub(crate) fn succeeded(view: &View<'_>) -> bool {
    view.exchange().known().is_some_and(|x| x.assumed.is_some())
}

/// The check that STS's answer comes from.
pub(crate) fn from_answer(code: &str, message: &str) -> Refusal {
    let has = |word: &str| message.contains(word);
    if code == "AccessDenied" {
        Refusal::Denied
    } else if code.starts_with("ExpiredToken") {
        Refusal::Token
    } else if code == "IDPCommunicationError" || has("verification key") {
        Refusal::Keys
    } else if has("thumbprint") {
        Refusal::Thumbprint
    } else if has("No OpenIDConnect provider") {
        Refusal::NoProvider
    } else if has("audience") || has("could not be validated") {
        Refusal::Audience
    } else if code == "InvalidIdentityToken" {
        Refusal::Token
    } else {
        Refusal::Parameters
    }
}

/// The check a log's symptom belongs to, if it is an answer of STS.
pub(crate) fn from_symptom(symptom: Symptom) -> Option<Refusal> {
    let table: &[(&[Symptom], Refusal)] = &[
        (&[Symptom::ThumbprintMismatch], Refusal::Thumbprint),
        (&[Symptom::NoProvider], Refusal::NoProvider),
        (&[Symptom::IncorrectAudience, Symptom::TokenNotValidated], Refusal::Audience),
        (&[Symptom::KeysUnavailable, Symptom::IdpCommunication], Refusal::Keys),
        (
            &[
                Symptom::ExpiredToken,
                Symptom::NotAJwt,
                Symptom::MissingClaim,
                Symptom::EmptyClaim,
                Symptom::IssuedInFuture,
                Symptom::NotYetValid,
                Symptom::MultiAudienceWithoutAzp,
                Symptom::InvalidTimestamp,
                Symptom::IdpRejected,
            ],
            Refusal::Token,
        ),
        (&[Symptom::NotAuthorizedWebIdentity], Refusal::Denied),
        (
            &[
                Symptom::RoleArnInvalid,
                Symptom::SessionNameInvalid,
                Symptom::TokenParameterInvalid,
                Symptom::DurationExceeds,
            ],
            Refusal::Parameters,
        ),
    ];
    table.iter().find(|(symptoms, _)| symptoms.contains(&symptom)).map(|(_, refusal)| *refusal)
}

/// What a refused exchange is known to have sent besides subject and role.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sent<'a> {
    /// Its audience.
    pub(super) audience: Option<&'a str>,
    /// The region it was sent to.
    pub(super) region: Option<&'a str>,
}

/// Whether a refusal is of a check that the account's configuration alone decides, for what is known to have been sent.
pub(super) fn by_account(symptom: Symptom, sent: Sent<'_>) -> bool {
    match from_symptom(symptom) {
        Some(Refusal::NoProvider | Refusal::Thumbprint | Refusal::Denied) => true,
        // Which audience was refused has to be told: the provider may know that of our own token, and not this one.
        Some(Refusal::Audience) => symptom == Symptom::IncorrectAudience && sent.audience.is_some(),
        Some(Refusal::Parameters | Refusal::Token | Refusal::Keys) | None => false,
    }
}
