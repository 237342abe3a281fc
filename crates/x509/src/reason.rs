//! Why a path does not hold, with the certificate at fault.

use crate::certificate::Certificate;
use crate::oddity::Oddity;
use crate::time::day;

/// Why a certificate could not take its place in a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Reason {
    /// No certificate was presented.
    #[error("no certificate was presented")]
    NoCertificate,
    /// After `not_after`.
    #[error("it expired on {}", day(*.0))]
    Expired(i64),
    /// Before `not_before`.
    #[error("it is not valid before {}", day(*.0))]
    NotYetValid(i64),
    /// No alternative name stands for the host.
    #[error("it does not name `{0}`")]
    WrongHost(String),
    /// Its issuer was neither presented nor trusted.
    #[error("its issuer `{0}` was neither presented nor is it trusted")]
    IssuerMissing(String),
    /// A self-signed certificate that nobody trusts.
    #[error("it is self-signed and not among the trusted roots")]
    UntrustedRoot,
    /// Its issuer's key did not make its signature.
    #[error("its signature was not made by `{0}`")]
    BadSignature(String),
    /// The algorithm is not verified here.
    #[error("its signature algorithm {0} is not supported")]
    UnsupportedSignature(String),
    /// SHA-1 or MD5.
    #[error("its signature uses {0}, which can be forged")]
    WeakSignature(String),
    /// A key that is too short or malformed.
    #[error("its key ({0}) is too weak")]
    WeakKey(String),
    /// A key of a kind that no TLS client takes, or that is not known here.
    #[error("its kind of key ({0}) is not supported")]
    UnsupportedKey(String),
    /// It is not written as verifiers ask.
    #[error("{}", .0.text())]
    Malformed(Oddity),
    /// It signed a certificate and is no CA.
    #[error("it signed a certificate and is not a CA")]
    NotACa,
    /// Too many CAs below it.
    #[error("it allows {allowed} CAs below it and has {found}")]
    PathTooLong {
        /// `pathLenConstraint`.
        allowed: u64,
        /// CAs below it that are not self-issued.
        found: u64,
    },
    /// Its key usage lacks certificate signing.
    #[error("its key usage does not allow signing certificates")]
    MayNotSign,
    /// Its extended key usage lacks server authentication.
    #[error("its extended key usage does not allow server authentication")]
    NotForServers,
    /// A name below it lies outside its name constraints.
    #[error("its name constraints do not allow `{0}`")]
    NameNotAllowed(String),
    /// A critical extension that is not processed, or one that cannot be read or occurs twice.
    #[error("its extension {0} is not understood and must not be passed over")]
    UnknownCritical(String),
    /// Its two algorithm fields disagree.
    #[error("it names two different signature algorithms")]
    AlgorithmsDisagree,
    /// More certificates than a path may have.
    #[error("the path has more than {0} certificates")]
    TooDeep(usize),
    /// The search was stopped.
    #[error("the search for a path was stopped after {0} signature checks")]
    Exhausted(usize),
    /// Its names and constraints are too many to compare.
    #[error("its names and the name constraints above it are too many to compare: stopped after {0} comparisons")]
    TooManyNames(usize),
}

impl Reason {
    /// A stable word, for machine-readable output.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoCertificate => "no-certificate",
            Self::Expired(_) => "expired",
            Self::NotYetValid(_) => "not-yet-valid",
            Self::WrongHost(_) => "wrong-host",
            Self::IssuerMissing(_) => "issuer-missing",
            Self::UntrustedRoot => "untrusted-root",
            Self::BadSignature(_) => "bad-signature",
            Self::UnsupportedSignature(_) => "unsupported-signature",
            Self::WeakSignature(_) => "weak-signature",
            Self::WeakKey(_) => "weak-key",
            Self::UnsupportedKey(_) => "unsupported-key",
            Self::Malformed(_) => "malformed",
            Self::NotACa => "not-a-ca",
            Self::PathTooLong { .. } => "path-too-long",
            Self::MayNotSign => "may-not-sign",
            Self::NotForServers => "not-for-servers",
            Self::NameNotAllowed(_) => "name-not-allowed",
            Self::UnknownCritical(_) => "unknown-critical-extension",
            Self::AlgorithmsDisagree => "algorithms-disagree",
            Self::TooDeep(_) => "too-deep",
            Self::Exhausted(_) | Self::TooManyNames(_) => "search-stopped",
        }
    }
}

/// A reason and whom it concerns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The certificate at fault; `None` when there is none.
    pub certificate: Option<Certificate>,
    /// What is wrong.
    pub reason: Reason,
}

impl Failure {
    /// `CN: reason`, for people.
    pub fn text(&self) -> String {
        match &self.certificate {
            Some(certificate) => format!("{}: {}", certificate.display_name(), self.reason),
            None => self.reason.to_string(),
        }
    }
}
