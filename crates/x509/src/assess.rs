//! What a presented chain is worth: the one judgement behind everything that could be registered.
//!
//! Looked at: signatures up to a trusted root, dates, the host's name, uses, name constraints, weak keys and
//! signatures. Not looked at: revocation, and certificates that were not presented (nothing is fetched); nor
//! whether whoever presents the chain holds the leaf's key, which only a finished handshake tells.

use serde::{Deserialize, Serialize};

use crate::candidates::aws_takes;
use crate::certificate::Certificate;
use crate::host::Host;
use crate::interception::interception;
use crate::path::{Path, Request, SignatureMemo, Verification, verify_with};
use crate::public_host::is_known_public;
use crate::reason::{Failure, Reason};
use crate::store::TrustStore;
use crate::thumbprint::Thumbprint;

/// What a chain is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It verifies to a public root, for the host asked for.
    Verified,
    /// It verifies, for the host asked for, to a root that only the user's own bundle holds.
    VerifiedByBundle,
    /// It does not.
    NotVerified,
    /// What AWS would make of it cannot be told from here.
    Undetermined,
}

impl Verdict {
    /// As it is written in JSON.
    pub fn text(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::VerifiedByBundle => "verified-by-bundle",
            Self::NotVerified => "not-verified",
            Self::Undetermined => "undetermined",
        }
    }
}

/// Why a chain is not verified, or not determined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doubt {
    /// It does not hold.
    Fails(Failure),
    /// No host was given that the leaf could name.
    NoHost,
    /// Nobody is trusted.
    NoRoots,
    /// The host is known to have a public authority's certificate, and this one is the user's own bundle's.
    PrivateForPublicHost {
        /// The host.
        host: String,
        /// The root.
        root: String,
    },
    /// A product's name in the chain says that it inspects TLS.
    Inspected {
        /// The product.
        product: String,
        /// The name that gives it away.
        name: String,
    },
    /// The leaf verifies without the certificate that AWS would take: it may be anybody's.
    OutsidePath {
        /// Its subject.
        subject: String,
    },
}

impl Doubt {
    /// A stable word.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Fails(failure) => failure.reason.code(),
            Self::NoHost => "no-host",
            Self::NoRoots => "no-roots",
            Self::PrivateForPublicHost { .. } => "private-authority-for-public-host",
            Self::Inspected { .. } => "tls-inspection",
            Self::OutsidePath { .. } => "authority-outside-path",
        }
    }

    /// For people.
    pub fn text(&self) -> String {
        match self {
            Self::Fails(failure) => failure.text(),
            Self::NoHost => "no host was given that the certificate could name".to_owned(),
            Self::NoRoots => "no trusted roots were found to verify by".to_owned(),
            Self::PrivateForPublicHost { host, root } => format!(
                "{host} has a public authority's certificate, and this one verifies only to `{root}` in your bundle: \
                 something in between made it, and AWS sees another"
            ),
            Self::Inspected { product, name } => {
                format!(
                    "`{name}` is {product}, which inspects TLS: AWS does not pass through it and sees another chain"
                )
            }
            Self::OutsidePath { subject } => {
                format!("the chain verifies without `{subject}`, which AWS would take: nothing says whose it is")
            }
        }
    }

    /// Whether it leaves the verdict open.
    fn is_open(&self) -> bool {
        match self {
            Self::Fails(failure) => matches!(failure.reason, Reason::Exhausted(_) | Reason::TooManyNames(_)),
            Self::NoHost
            | Self::NoRoots
            | Self::PrivateForPublicHost { .. }
            | Self::Inspected { .. }
            | Self::OutsidePath { .. } => true,
        }
    }
}

/// Whom a chain is judged by.
#[derive(Debug, Clone, Copy)]
pub struct Judge<'a> {
    /// Public roots, standing for AWS's library.
    pub public: &'a TrustStore,
    /// The user's own bundle.
    pub own: &'a TrustStore,
    /// Unix seconds.
    pub now: i64,
}

/// What was made of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assessment {
    /// The verdict.
    pub verdict: Verdict,
    /// Why it is no better; the weightiest first.
    pub doubts: Vec<Doubt>,
    /// The path that holds, when one does.
    pub path: Option<Path>,
    /// Whether a public root stands above it.
    pub in_library: bool,
    register: Option<Thumbprint>,
}

impl Assessment {
    /// What may be registered with IAM: only ever of a chain that verifies.
    pub fn to_register(&self) -> Option<&Thumbprint> {
        self.register.as_ref()
    }

    /// Stable words of all doubts, each once.
    pub fn codes(&self) -> Vec<&'static str> {
        let mut codes = Vec::new();
        for doubt in &self.doubts {
            if !codes.contains(&doubt.code()) {
                codes.push(doubt.code());
            }
        }
        codes
    }

    /// All doubts in one line, for people.
    pub fn words(&self) -> String {
        self.doubts.iter().map(Doubt::text).collect::<Vec<_>>().join("; ")
    }
}

/// Judges a chain for a host; `None` for one that is not known.
pub fn assess(chain: &[Certificate], host: Option<&Host>, judge: &Judge<'_>) -> Assessment {
    assess_with(chain, host, judge, &mut SignatureMemo::default())
}

/// The same for many chains, whose authorities' signatures are checked once.
pub fn assess_with(
    chain: &[Certificate],
    host: Option<&Host>,
    judge: &Judge<'_>,
    memo: &mut SignatureMemo,
) -> Assessment {
    let mut by = |store| verify_with(&Request { chain, store, now: judge.now, host }, memo);
    let public = by(judge.public);
    let in_library = public.is_verified();
    let own = if in_library || judge.own.is_empty() { None } else { Some(by(judge.own)) };
    let holding = if in_library { Some(&public) } else { own.as_ref().filter(|v| v.is_verified()) };
    let doubts = match holding {
        Some(holding) => of_sound(chain, host, holding, in_library),
        None => of_failed(&public, own.as_ref(), judge),
    };
    let verdict = match (doubts.is_empty(), in_library) {
        (true, true) => Verdict::Verified,
        (true, false) => Verdict::VerifiedByBundle,
        (false, _) if doubts.iter().all(Doubt::is_open) => Verdict::Undetermined,
        (false, _) => Verdict::NotVerified,
    };
    let register = doubts.is_empty().then(|| aws_takes(chain).map(|c| c.sha1().clone())).flatten();
    Assessment { verdict, doubts, path: holding.and_then(Verification::path).cloned(), in_library, register }
}

/// What keeps a chain that verifies from being registered.
fn of_sound(chain: &[Certificate], host: Option<&Host>, holding: &Verification, in_library: bool) -> Vec<Doubt> {
    let mut doubts = Vec::new();
    if let Some(found) = interception(chain, None, None, false)
        && let Some(product) = found.product
    {
        doubts.push(Doubt::Inspected { product: product.to_owned(), name: found.name });
    }
    match host {
        None => doubts.push(Doubt::NoHost),
        Some(Host::Name(name)) if !in_library && is_known_public(name) => {
            let root = holding.path().map(|p| p.anchor.subject().to_string()).unwrap_or_default();
            doubts.push(Doubt::PrivateForPublicHost { host: name.clone(), root });
        }
        Some(Host::Name(_) | Host::Address(_)) => {}
    }
    if let Some(taken) = aws_takes(chain)
        && !holding.paths.iter().any(|path| vouches(path, taken))
    {
        doubts.push(Doubt::OutsidePath { subject: taken.subject().to_string() });
    }
    doubts
}

/// Whether a certificate stands in a path, or is another certificate of an authority that does: a cross-signed root.
fn vouches(path: &Path, certificate: &Certificate) -> bool {
    let same = |c: &Certificate| c.subject() == certificate.subject() && c.public_key() == certificate.public_key();
    path.certificates.iter().any(same)
        || (path.anchor.subject() == certificate.subject() && path.anchor.public_key() == certificate.public_key())
}

/// Why a chain fails, by the roots that come further with it.
fn of_failed(public: &Verification, own: Option<&Verification>, judge: &Judge<'_>) -> Vec<Doubt> {
    let unknown = |f: &Failure| matches!(f.reason, Reason::UntrustedRoot | Reason::IssuerMissing(_));
    let told = own.filter(|v| !v.failures.iter().any(unknown)).unwrap_or(public);
    if judge.public.is_empty() && judge.own.is_empty() {
        let mut rest: Vec<Doubt> = told.failures.iter().filter(|f| !unknown(f)).cloned().map(Doubt::Fails).collect();
        rest.push(Doubt::NoRoots);
        return rest;
    }
    told.failures.iter().cloned().map(Doubt::Fails).collect()
}
