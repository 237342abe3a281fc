//! STS's refusals: code, HTTP status, words, and how well each is attested.

use serde::Serialize;

use crate::jwks::MIN_RSA_BITS;

/// How well a rule or text is attested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mark {
    /// AWS documents it.
    Documented,
    /// Captured from live STS by others; AWS does not promise it.
    Reported,
    /// Follows from what is documented; nobody has published a capture.
    Inferred,
}

/// Why STS refuses a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "reason")]
#[non_exhaustive]
pub enum Reason {
    /// The parameter's length is out of bounds.
    Length,
    /// It is no JWT: parts, base64, JSON, algorithm or `crit`.
    NotAJwt,
    /// A required claim is missing.
    MissingClaim {
        /// Its name.
        claim: &'static str,
    },
    /// `aud` is an empty list.
    EmptyAudience,
    /// A time is not a whole number.
    InvalidTimestamp,
    /// `sub` is `null`, at which STS itself fails.
    NullSubject,
    /// The account's provider is for another issuer.
    NoProvider,
    /// No key in the set fits the token's `kid`.
    KeyNotFound,
    /// The signature is wrong, or the key cannot check it.
    BadSignature,
    /// The key that would check the signature is an RSA key of fewer than
    /// [`MIN_RSA_BITS`](crate::MIN_RSA_BITS) bits: no signature is taken from it, be it right.
    KeyTooShort {
        /// Bits of its modulus.
        bits: usize,
    },
    /// Past its expiry and the clock allowance.
    Expired,
    /// Issued in the future, beyond the clock allowance.
    IssuedInFuture,
    /// Not valid yet, beyond the clock allowance.
    NotYetValid,
    /// Several audiences and no `azp`.
    SeveralAudiences,
    /// The audience is no client id of the provider.
    Audience,
    /// There is an `azp` and it is no client id of the provider.
    AuthorizedParty,
}

/// A refusal as STS words it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct StsRejection {
    /// Why.
    #[serde(flatten)]
    pub reason: Reason,
    /// AWS's code.
    pub code: &'static str,
    /// HTTP status.
    pub http_status: u16,
    /// STS's words of today.
    pub aws_text: String,
    /// STS's words before mid-2026, where they differed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub older_text: Option<&'static str>,
    /// How well the words are attested.
    pub mark: Mark,
}

const NOT_A_JWT: &str =
    "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)";
const NOT_VALIDATED: &str = "The web identity token provided could not be validated. See the \
    AssumeRoleWithWebIdentity documentation for requirements.";
const NO_KEY: &str = "Couldn't retrieve verification key from your identity provider,  please reference \
    AssumeRoleWithWebIdentity documentation for requirements";

impl StsRejection {
    fn invalid(reason: Reason, aws_text: impl Into<String>) -> Self {
        Self {
            reason,
            code: "InvalidIdentityToken",
            http_status: 400,
            aws_text: aws_text.into(),
            older_text: None,
            mark: Mark::Reported,
        }
    }

    pub(crate) fn length(too_short: bool) -> Self {
        let (word, bound) = if too_short { ("greater", 4) } else { ("less", 20_000) };
        Self {
            code: "ValidationError",
            mark: Mark::Inferred,
            ..Self::invalid(
                Reason::Length,
                format!(
                    "1 validation error detected: Value at 'webIdentityToken' failed to satisfy constraint: Member \
                     must have length {word} than or equal to {bound}"
                ),
            )
        }
    }

    pub(crate) fn not_a_jwt(mark: Mark) -> Self {
        Self { mark, ..Self::invalid(Reason::NotAJwt, NOT_A_JWT) }
    }

    pub(crate) fn missing(claim: &'static str) -> Self {
        Self::invalid(Reason::MissingClaim { claim }, format!("Missing a required claim: {claim}"))
    }

    /// A claim that is there and neither text nor number: nobody has published what STS says of it.
    pub(crate) fn unusable(claim: &'static str) -> Self {
        Self { mark: Mark::Inferred, ..Self::missing(claim) }
    }

    pub(crate) fn empty_audience() -> Self {
        Self::invalid(Reason::EmptyAudience, "Claim is not allowed to be empty: aud")
    }

    pub(crate) fn timestamp() -> Self {
        Self::invalid(Reason::InvalidTimestamp, "Invalid timestamp in token claims.")
    }

    pub(crate) fn null_subject() -> Self {
        Self { code: "InternalFailure", http_status: 500, ..Self::invalid(Reason::NullSubject, "") }
    }

    pub(crate) fn no_provider(iss: &str) -> Self {
        Self::invalid(Reason::NoProvider, format!("No OpenIDConnect provider found in your account for {iss}"))
    }

    pub(crate) fn key_not_found() -> Self {
        Self::invalid(Reason::KeyNotFound, NO_KEY)
    }

    pub(crate) fn bad_signature() -> Self {
        Self::invalid(Reason::BadSignature, NOT_VALIDATED)
    }

    /// What STS says of one nobody has published: it is one of its requirements for keys.
    pub(crate) fn key_too_short(bits: usize) -> Self {
        Self { mark: Mark::Inferred, ..Self::invalid(Reason::KeyTooShort { bits }, NOT_VALIDATED) }
    }

    /// What AWS's words leave out, where anything is known.
    pub fn besides(&self) -> Option<String> {
        match self.reason {
            Reason::KeyTooShort { bits } => {
                Some(format!("the key has {bits} bits, and of an RSA key at least {MIN_RSA_BITS} are wanted"))
            }
            Reason::Length
            | Reason::NotAJwt
            | Reason::MissingClaim { .. }
            | Reason::EmptyAudience
            | Reason::InvalidTimestamp
            | Reason::NullSubject
            | Reason::NoProvider
            | Reason::KeyNotFound
            | Reason::BadSignature
            | Reason::Expired
            | Reason::IssuedInFuture
            | Reason::NotYetValid
            | Reason::SeveralAudiences
            | Reason::Audience
            | Reason::AuthorizedParty => None,
        }
    }

    pub(crate) fn expired(shown_now: i64, exp: i64) -> Self {
        Self {
            code: "ExpiredTokenException",
            ..Self::invalid(
                Reason::Expired,
                format!("Token expired: current date/time {shown_now} must be before the expiration date/time {exp}"),
            )
        }
    }

    pub(crate) fn issued_in_future(iat: i64) -> Self {
        Self::invalid(Reason::IssuedInFuture, format!("Token issued in the future: {iat}"))
    }

    pub(crate) fn not_yet_valid(shown_now: i64, nbf: i64) -> Self {
        Self::invalid(
            Reason::NotYetValid,
            format!(
                "Token not yet valid: current date/time {shown_now} must be after or equal to the not-before \
                 date/time {nbf}"
            ),
        )
    }

    pub(crate) fn several_audiences() -> Self {
        Self::invalid(
            Reason::SeveralAudiences,
            "Token audience contains more than one audience while authorized party is not present",
        )
    }

    pub(crate) fn audience(authorized_party: bool) -> Self {
        let reason = if authorized_party { Reason::AuthorizedParty } else { Reason::Audience };
        Self { older_text: Some("Incorrect token audience"), ..Self::invalid(reason, NOT_VALIDATED) }
    }
}
