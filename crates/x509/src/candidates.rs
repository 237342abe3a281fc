//! The certificates of a chain whose thumbprint somebody might mean.

use serde::Serialize;

use crate::certificate::Certificate;
use crate::path::Path;
use crate::thumbprint::Thumbprint;

/// One presented certificate as a candidate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Candidate {
    /// Position in the presented chain, from 0.
    pub position: usize,
    /// SHA-1.
    pub thumbprint: Thumbprint,
    /// Its subject.
    pub subject: String,
    /// Unix seconds at which it expires.
    pub not_after: i64,
}

/// Every reading of "the thumbprint", side by side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Candidates {
    /// Each presented certificate.
    pub presented: Vec<Candidate>,
    /// The first presented.
    pub leaf: Option<Thumbprint>,
    /// The last presented: what the manual procedure with `openssl s_client -showcerts` takes.
    pub last_presented: Option<Thumbprint>,
    /// The top intermediate CA, IAM's words: the highest presented CA that is not self-signed.
    pub top_intermediate: Option<Thumbprint>,
    /// The certificate below the root of the built path.
    pub below_root: Option<Thumbprint>,
    /// The root of the built path; `None` too when the store knows it by key only.
    pub built_root: Option<Thumbprint>,
}

impl Candidates {
    /// From the certificates in presented order, and the verified path when there is one.
    pub fn new(presented: &[Certificate], built: Option<&Path>) -> Self {
        let sha1 = |c: &Certificate| c.sha1().clone();
        let candidate = |(position, c): (usize, &Certificate)| Candidate {
            position,
            thumbprint: c.sha1().clone(),
            subject: c.subject().to_string(),
            not_after: c.not_after(),
        };
        Self {
            presented: presented.iter().enumerate().map(candidate).collect(),
            leaf: presented.first().map(sha1),
            last_presented: presented.last().map(sha1),
            top_intermediate: top_intermediate(presented).map(sha1),
            below_root: built.and_then(|path| {
                let root = path.root();
                path.certificates.iter().rev().find(|c| Some(*c) != root).map(sha1)
            }),
            built_root: built.and_then(Path::root).map(sha1),
        }
    }

    /// What to register with IAM: the top intermediate CA (IAM User Guide, "Obtain the thumbprint for
    /// an `OpenID` Connect identity provider"); a chain without one leaves only its last certificate.
    pub fn for_iam(&self) -> Option<&Thumbprint> {
        self.top_intermediate.as_ref().or(self.last_presented.as_ref())
    }

    /// The position of a thumbprint in the presented chain. SHA-256 finds nothing: IAM has SHA-1 only.
    pub fn position_of(&self, thumbprint: &str) -> Option<usize> {
        self.presented.iter().find(|c| c.thumbprint == *thumbprint).map(|c| c.position)
    }
}

/// The certificate whose thumbprint [`Candidates::for_iam`] is.
pub(crate) fn aws_takes(presented: &[Certificate]) -> Option<&Certificate> {
    top_intermediate(presented).or(presented.last())
}

fn top_intermediate(presented: &[Certificate]) -> Option<&Certificate> {
    presented.iter().rev().find(|c| c.is_ca() && !c.claims_self_signed())
}
