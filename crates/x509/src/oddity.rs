//! What is odd about a certificate without making it unreadable.

use serde::{Deserialize, Serialize};

/// Something a certificate should not have. Each is a deviation from RFC 5280, named there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Oddity {
    /// The serial number is below zero (4.1.2.2).
    NegativeSerial,
    /// The serial number is zero (4.1.2.2).
    ZeroSerial,
    /// The serial number is longer than 20 bytes (4.1.2.2).
    LongSerial,
    /// A time has a fraction, no seconds or no `Z` (4.1.2.5), which verifiers do not read.
    BadTimeEncoding,
    /// A `GeneralizedTime` before 2050, where 4.1.2.5 asks for a `UTCTime`; every verifier reads it.
    EarlyGeneralizedTime,
    /// `notAfter` lies before `notBefore`.
    EndsBeforeItBegins,
    /// A length or integer takes more bytes than DER allows.
    NonMinimalDer,
    /// An extension occurs twice (4.2).
    DuplicateExtension,
    /// An extension whose content cannot be read.
    UnreadableExtension,
    /// Bytes follow the certificate.
    TrailingData,
    /// Bytes follow the last field within the certificate.
    BytesLeftOver,
    /// A version that does not exist (4.1.2.1).
    UnknownVersion,
    /// A key identifier marked critical (4.2.1.1, 4.2.1.2).
    CriticalKeyIdentifier,
    /// Extensions in a certificate older than version 3 (4.1.2.1).
    ExtensionsBeforeV3,
    /// Version 1 or 2, self-issued: an old root, which cannot say that it is a CA.
    OldVersionCa,
    /// No subject and no alternative name either (4.1.2.6).
    NamesNobody,
    /// No subject, only alternative names.
    EmptySubject,
    /// No issuer name (4.1.2.4).
    EmptyIssuer,
    /// The two places that name the signature algorithm disagree (4.1.1.2).
    AlgorithmsDisagree,
    /// A CA certificate whose basic constraints are not critical (4.2.1.9).
    CaNotCritical,
    /// A path length where the certificate is no CA (4.2.1.9).
    PathLengthWithoutCa,
    /// No alternative name: modern clients do not read the common name (RFC 9525).
    CommonNameOnly,
    /// An RSA exponent that is negative, even or 1.
    BadRsaExponent,
    /// An RSA modulus that is negative.
    NegativeModulus,
}

impl Oddity {
    /// Whether the verifiers of today (Go's, OpenSSL's strict one, webpki's) refuse a certificate for it. The
    /// others are those RFC 5280 asks to be lenient about, such as odd serial numbers, or that have reasons of their
    /// own.
    pub(crate) fn refuses(self) -> bool {
        matches!(
            self,
            Self::BadTimeEncoding
                | Self::BytesLeftOver
                | Self::UnknownVersion
                | Self::ExtensionsBeforeV3
                | Self::CriticalKeyIdentifier
        )
    }

    /// One fragment for people.
    pub fn text(self) -> &'static str {
        match self {
            Self::NegativeSerial => "its serial number is negative",
            Self::ZeroSerial => "its serial number is zero",
            Self::LongSerial => "its serial number is longer than 20 bytes",
            Self::BadTimeEncoding => "a validity time is not written as RFC 5280 asks",
            Self::EarlyGeneralizedTime => "a validity time before 2050 is written as one after",
            Self::EndsBeforeItBegins => "it ends before it begins",
            Self::NonMinimalDer => "its encoding is BER, not DER",
            Self::DuplicateExtension => "an extension occurs twice",
            Self::UnreadableExtension => "an extension cannot be read",
            Self::TrailingData => "bytes follow the certificate",
            Self::BytesLeftOver => "bytes follow the last field within it",
            Self::UnknownVersion => "its version does not exist",
            Self::CriticalKeyIdentifier => "a key identifier of it is marked critical",
            Self::ExtensionsBeforeV3 => "it has extensions but is not version 3",
            Self::OldVersionCa => "it is a CA of version 1 or 2 and cannot say so",
            Self::NamesNobody => "it has neither a subject nor an alternative name",
            Self::EmptySubject => "its subject is empty",
            Self::EmptyIssuer => "its issuer is empty",
            Self::AlgorithmsDisagree => "it names two different signature algorithms",
            Self::CaNotCritical => "its CA mark is not critical",
            Self::PathLengthWithoutCa => "it limits a path length without being a CA",
            Self::CommonNameOnly => "it names its host only in the common name, which clients no longer read",
            Self::BadRsaExponent => "its RSA exponent is negative, even or 1",
            Self::NegativeModulus => "its RSA modulus is negative",
        }
    }
}
