//! What STS answered, and which of its checks that answer belongs to.

use std::collections::BTreeSet;

use trustwalk_symptoms::Symptom;

use super::symptoms::recent;
use crate::evidence::{LogFailure, Target, View};

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

/// The checks that refused: one exchange is refused by one, and a log may tell of several exchanges, of this identity at
/// other times or of others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Refusals(BTreeSet<Refusal>);

impl Refusals {
    /// Whether an exchange was refused by this check.
    pub(crate) fn hold(&self, refusal: Refusal) -> bool {
        self.0.contains(&refusal)
    }

    /// The check that refused earliest: what no check before it can have refused.
    pub(crate) fn first(&self) -> Option<Refusal> {
        self.0.first().copied()
    }
}

/// The checks that refused: what the exchange said, else what the logs say now.
pub(crate) fn refusals(view: &View<'_>) -> Refusals {
    if let Some(x) = view.exchange().known() {
        if x.assumed.is_some() {
            return Refusals::default();
        }
        if let Some(code) = &x.code {
            return Refusals([from_answer(code, x.message.as_deref().unwrap_or_default())].into());
        }
    }
    Refusals(recent(view).into_iter().filter_map(|l| from_symptom(l.failure.symptom)).collect())
}

/// Whether the workload's own log tells of failures and none of them is an answer of STS.
pub(crate) fn kept_from_sts(view: &View<'_>) -> bool {
    let lines = recent(view);
    let in_cluster = matches!(view.target(), Target::Workload { .. });
    in_cluster && !lines.is_empty() && lines.iter().all(|l| from_symptom(l.failure.symptom).is_none() && speaks(l))
}

/// Whether a line says how the client failed; waiting for the CNI does not.
fn speaks(line: &LogFailure) -> bool {
    !matches!(
        line.failure.symptom,
        Symptom::IpamdWaiting
            | Symptom::IpamdInitFailure
            | Symptom::WebIdentityOther
            | Symptom::InvalidIdentityTokenOther
    )
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
