//! Which certificate each tool takes, from which host; and whether AWS looks at a thumbprint at all.

use serde::{Deserialize, Serialize};

use crate::candidates::Candidates;
use crate::thumbprint::Thumbprint;

/// The host a tool dials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dials {
    /// The issuer URL's.
    Issuer,
    /// The `jwks_uri`'s.
    JwksUri,
    /// The server of the identity provider; AWS does not document which, when the two differ.
    Undocumented,
    /// None: it carries a fixed list.
    Nobody,
}

/// The certificate a tool hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Takes {
    /// The top intermediate CA.
    TopIntermediate,
    /// The last presented.
    LastPresented,
    /// The root of the path that the client built.
    BuiltRoot,
    /// The one below that root.
    BelowRoot,
    /// The first presented.
    Leaf,
    /// Any of those presented.
    Any,
    /// Always these.
    Fixed(&'static [&'static str]),
}

/// One tool's habit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Tool {
    /// Its name.
    pub name: &'static str,
    /// The host.
    pub dials: Dials,
    /// The certificate.
    pub takes: Takes,
    /// It compares a list with a chain, as STS does, and writes none.
    pub verifies: bool,
}

/// kops' list of roots in front of S3, from its source.
const KOPS: &[&str] = &["9e99a48a9960b14926bb7f3b02e22da2b0ab7280", "a9d53002e97e00e043244f3d170d6f4c414104fd"];

/// Habits as the tools' sources and documents show them.
const TOOLS: &[Tool] = &[
    writer("AWS IAM", Dials::Undocumented, Takes::TopIntermediate),
    writer("eksctl", Dials::Issuer, Takes::LastPresented),
    writer("terraform tls_certificate", Dials::Issuer, Takes::LastPresented),
    writer("terraform-aws-eks", Dials::Issuer, Takes::LastPresented),
    writer("AWS CDK", Dials::Issuer, Takes::BuiltRoot),
    writer("pulumi-eks", Dials::Issuer, Takes::BelowRoot),
    writer("kubergrunt", Dials::JwksUri, Takes::LastPresented),
    writer("aws-oidc-provider-refresher", Dials::JwksUri, Takes::Leaf),
    writer("kops", Dials::Nobody, Takes::Fixed(KOPS)),
    Tool { name: "Ceph RGW", dials: Dials::JwksUri, takes: Takes::LastPresented, verifies: true },
    Tool { name: "SeaweedFS", dials: Dials::JwksUri, takes: Takes::Any, verifies: true },
    writer("AWS manual procedure", Dials::JwksUri, Takes::LastPresented),
];

const fn writer(name: &'static str, dials: Dials, takes: Takes) -> Tool {
    Tool { name, dials, takes, verifies: false }
}

/// All tools.
pub fn tools() -> &'static [Tool] {
    TOOLS
}

impl Tool {
    /// What it would take from the chain of the host it dials.
    pub fn thumbprints(&self, of_its_host: &Candidates) -> Vec<Thumbprint> {
        match self.takes {
            Takes::TopIntermediate => of_its_host.for_iam().cloned().into_iter().collect(),
            Takes::LastPresented => of_its_host.last_presented.clone().into_iter().collect(),
            Takes::BuiltRoot => of_its_host.built_root.clone().into_iter().collect(),
            Takes::BelowRoot => of_its_host.below_root.clone().into_iter().collect(),
            Takes::Leaf => of_its_host.leaf.clone().into_iter().collect(),
            Takes::Any => of_its_host.presented.iter().map(|c| c.thumbprint.clone()).collect(),
            Takes::Fixed(list) => list.iter().filter_map(|t| t.parse().ok()).collect(),
        }
    }
}

/// How a security token service decides whether to trust an issuer's TLS certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Model {
    /// AWS since 2024-08-15: its CA library first, thumbprints only where that does not decide.
    #[default]
    LibraryFirst,
    /// Thumbprints alone: AWS before, and compatible systems.
    ThumbprintOnly,
}

/// Why a thumbprint is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// This system looks at nothing else.
    OnlyThumbprints,
    /// The chain ends at no root of the library.
    NotInLibrary,
    /// The host speaks TLS 1.3 only.
    Tls13Only,
    /// The certificate could not be fetched.
    NotRetrieved,
}

/// Whether a thumbprint is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Need {
    /// It is.
    Consulted(Why),
    /// It is not: the CA library decides.
    NotConsulted,
    /// Not known: what it depends on was not observed.
    Unknown,
}

/// Whether a thumbprint counts for a host (IAM User Guide, "Obtain the thumbprint for an `OpenID` Connect
/// identity provider": the CA library first, thumbprints when the certificate is not signed by one of its
/// CAs, cannot be retrieved, or TLS 1.3 is required).
///
/// `in_library`: the chain verifies to a public root, which stands for AWS's library, whose content is not
/// published. `None` for what was not observed.
pub fn needs_thumbprint(model: Model, in_library: Option<bool>, tls13_only: Option<bool>, fetch_failed: bool) -> Need {
    if model == Model::ThumbprintOnly {
        return Need::Consulted(Why::OnlyThumbprints);
    }
    if fetch_failed {
        return Need::Consulted(Why::NotRetrieved);
    }
    if in_library == Some(false) {
        return Need::Consulted(Why::NotInLibrary);
    }
    if tls13_only == Some(true) {
        return Need::Consulted(Why::Tls13Only);
    }
    match (in_library, tls13_only) {
        (Some(true), Some(false)) => Need::NotConsulted,
        _ => Need::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_is_asked_first() {
        let first = |library, tls13, failed| needs_thumbprint(Model::LibraryFirst, library, tls13, failed);
        assert_eq!(first(Some(true), Some(false), false), Need::NotConsulted);
        assert_eq!(first(Some(false), Some(false), false), Need::Consulted(Why::NotInLibrary));
        assert_eq!(first(Some(true), Some(true), false), Need::Consulted(Why::Tls13Only));
        assert_eq!(first(None, None, true), Need::Consulted(Why::NotRetrieved));
        assert_eq!(first(Some(true), None, false), Need::Unknown);
        assert_eq!(first(None, Some(false), false), Need::Unknown);
    }

    #[test]
    fn other_systems_know_thumbprints_only() {
        let need = needs_thumbprint(Model::ThumbprintOnly, Some(true), Some(false), false);
        assert_eq!(need, Need::Consulted(Why::OnlyThumbprints));
    }
}
