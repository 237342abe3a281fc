//! A presented chain, judged as presented: order, gaps, doubles, validity, strength, names.

use serde::Serialize;

use crate::certificate::Certificate;
use crate::host::Host;
use crate::path::MAX_SIGNATURE_CHECKS;
use crate::store::TrustStore;

/// Signatures checked to tell which certificates signed themselves: more than a bundle of all public roots has.
/// Those beyond are taken at their word.
const MAX_SELF_CHECKS: usize = 512;

/// What a presented certificate is to its chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// The server's own.
    Leaf,
    /// A CA between.
    Intermediate,
    /// A CA that also exists self-signed: a root signed by an older root.
    CrossSigned,
    /// Self-signed.
    Root,
    /// The same bytes as an earlier one.
    Duplicate,
    /// Of no use to the leaf.
    Extraneous,
}

/// Something wrong with a presented chain. Positions count from 0, the first presented.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "problem")]
pub enum ChainProblem {
    /// Nothing was presented.
    Empty,
    /// The first certificate is a CA and another is not.
    LeafNotFirst {
        /// Where the leaf seems to be.
        position: usize,
    },
    /// An issuer does not follow the certificate it signed.
    OutOfOrder {
        /// The certificate.
        position: usize,
        /// Where its issuer is.
        issuer: usize,
    },
    /// The issuer of this one is missing although later certificates are there.
    Gap {
        /// The certificate.
        position: usize,
    },
    /// The leaf alone, signed by a CA that was not presented.
    NoIntermediates,
    /// The same certificate twice.
    Duplicate {
        /// The second one.
        position: usize,
    },
    /// No part of the leaf's path.
    Extraneous {
        /// The certificate.
        position: usize,
    },
    /// A root was presented, which clients ignore.
    RootPresented {
        /// The certificate.
        position: usize,
    },
    /// The leaf signed itself.
    SelfSignedLeaf,
    /// Its time is over.
    Expired {
        /// The certificate.
        position: usize,
        /// Unix seconds.
        not_after: i64,
    },
    /// Its time has not come.
    NotYetValid {
        /// The certificate.
        position: usize,
        /// Unix seconds.
        not_before: i64,
    },
    /// The leaf does not name the host.
    WrongHost {
        /// The host asked for.
        host: String,
        /// What the leaf names.
        named: Vec<String>,
    },
    /// A key too short for today.
    WeakKey {
        /// The certificate.
        position: usize,
        /// Its key.
        key: String,
    },
    /// Signed over MD5 or SHA-1.
    WeakSignature {
        /// The certificate.
        position: usize,
        /// Its algorithm.
        algorithm: String,
    },
}

impl ChainProblem {
    /// Untidy, but no client refuses it for that.
    pub fn is_harmless(&self) -> bool {
        matches!(
            self,
            Self::Duplicate { .. } | Self::Extraneous { .. } | Self::RootPresented { .. } | Self::OutOfOrder { .. }
        )
    }
}

/// A chain as a server presented it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresentedChain {
    certificates: Vec<Certificate>,
    roles: Vec<Role>,
    path: Vec<usize>,
}

impl PresentedChain {
    /// Works out what each certificate is. `store`, when given, tells cross-signed roots.
    pub fn new(certificates: Vec<Certificate>, store: Option<&TrustStore>) -> Self {
        let path = path(&certificates);
        let mut self_checks = MAX_SELF_CHECKS;
        let roles = (0..certificates.len()).map(|at| role(&certificates, &path, at, store, &mut self_checks)).collect();
        Self { certificates, roles, path }
    }

    /// In the order presented.
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    /// The role of each, in the order presented.
    pub fn roles(&self) -> &[Role] {
        &self.roles
    }

    /// Positions from the leaf upwards, as far as presented certificates sign each other.
    pub fn path(&self) -> &[usize] {
        &self.path
    }

    /// The first certificate.
    pub fn leaf(&self) -> Option<&Certificate> {
        self.certificates.first()
    }

    /// Everything wrong with it at `now` (unix seconds), by position.
    pub fn problems(&self, now: i64, host: Option<&Host>) -> Vec<ChainProblem> {
        let Some(leaf) = self.leaf() else { return vec![ChainProblem::Empty] };
        let mut problems = self.order_problems(leaf);
        for (position, c) in self.certificates.iter().enumerate() {
            let root = self.roles.get(position) == Some(&Role::Root);
            if now > c.not_after() {
                problems.push(ChainProblem::Expired { position, not_after: c.not_after() });
            } else if now < c.not_before() {
                problems.push(ChainProblem::NotYetValid { position, not_before: c.not_before() });
            }
            if c.public_key().is_weak() {
                problems.push(ChainProblem::WeakKey { position, key: c.public_key().text() });
            }
            // Nobody relies on a root's signature by itself.
            if c.signature_algorithm().is_weak() && !root {
                problems.push(ChainProblem::WeakSignature { position, algorithm: c.signature_algorithm().text() });
            }
        }
        if let Some(host) = host
            && !host.is_named_by(leaf)
        {
            problems.push(ChainProblem::WrongHost { host: host.to_string(), named: leaf.hosts() });
        }
        problems
    }

    fn order_problems(&self, leaf: &Certificate) -> Vec<ChainProblem> {
        let mut problems = Vec::new();
        if leaf.is_ca()
            && let Some(position) = self.certificates.iter().position(|c| !c.is_ca())
        {
            problems.push(ChainProblem::LeafNotFirst { position });
        }
        for pair in self.path.windows(2) {
            if let [position, issuer] = *pair
                && issuer != position + 1
            {
                problems.push(ChainProblem::OutOfOrder { position, issuer });
            }
        }
        let useless = |r: &Role| matches!(r, Role::Extraneous);
        if let Some(top) = self.path.last().and_then(|at| Some((*at, self.certificates.get(*at)?)))
            && !top.1.is_self_issued()
        {
            if self.roles.iter().any(useless) {
                problems.push(ChainProblem::Gap { position: top.0 });
            } else if self.path.len() == 1 {
                problems.push(ChainProblem::NoIntermediates);
            }
        }
        for (position, role) in self.roles.iter().enumerate() {
            match role {
                Role::Duplicate => problems.push(ChainProblem::Duplicate { position }),
                Role::Extraneous => problems.push(ChainProblem::Extraneous { position }),
                Role::Root => problems.push(ChainProblem::RootPresented { position }),
                Role::Leaf | Role::Intermediate | Role::CrossSigned => {}
            }
        }
        if leaf.is_self_signed() {
            problems.push(ChainProblem::SelfSignedLeaf);
        }
        problems
    }
}

/// Follows signatures from the first certificate upwards through those presented, the next one first.
fn path(certificates: &[Certificate]) -> Vec<usize> {
    let mut path = Vec::new();
    let mut current = certificates.first().map(|c| (0, c));
    // A crowd of one name, each signed by another, would cost the square of its size.
    let mut checks = MAX_SIGNATURE_CHECKS;
    let mut signed = |child: &Certificate, by: &Certificate| {
        let left = checks.checked_sub(1);
        checks = left.unwrap_or(0);
        left.is_some() && child.is_signed_by(by.public_key()) == Some(true)
    };
    while let Some((at, certificate)) = current {
        path.push(at);
        let forwards = certificates.iter().enumerate().skip(at + 1);
        let backwards = certificates.iter().enumerate().take(at);
        current = forwards.chain(backwards).find(|(next, c)| {
            let known = path.iter().filter_map(|p| certificates.get(*p)).any(|p| p == *c);
            !path.contains(next) && !known && certificate.names_as_issuer(c) && signed(certificate, c)
        });
    }
    path
}

fn role(all: &[Certificate], path: &[usize], at: usize, store: Option<&TrustStore>, self_checks: &mut usize) -> Role {
    let Some(certificate) = all.get(at) else { return Role::Extraneous };
    if at == 0 {
        return Role::Leaf;
    }
    if all.iter().take(at).any(|c| c == certificate) {
        return Role::Duplicate;
    }
    let left = self_checks.checked_sub(usize::from(certificate.is_self_issued()));
    *self_checks = left.unwrap_or(0);
    if left.map_or_else(|| certificate.claims_self_signed(), |_| certificate.is_self_signed()) {
        // The root of another chain is as useless as any other stranger.
        let used = path.contains(&at);
        return if used { Role::Root } else { Role::Extraneous };
    }
    if !path.contains(&at) {
        // A second signature over the same CA gives clients a second path.
        let twin = path.iter().filter_map(|p| all.get(*p)).any(|c| same_ca(c, certificate));
        return if twin { Role::CrossSigned } else { Role::Extraneous };
    }
    let twin = all.iter().any(|c| c != certificate && same_ca(c, certificate));
    let root = store
        .is_some_and(|s| s.named(certificate.subject()).iter().any(|a| a.public_key() == certificate.public_key()));
    if twin || root { Role::CrossSigned } else { Role::Intermediate }
}

fn same_ca(a: &Certificate, b: &Certificate) -> bool {
    a.subject() == b.subject() && a.public_key() == b.public_key()
}
