//! Building and verifying paths from a leaf to a trusted root (RFC 5280, section 6).
//!
//! Deliberately absent: revocation and certificate policies. Neither is part of what AWS
//! documents for issuers, and nothing here fetches.

use std::collections::BTreeMap;

use crate::certificate::Certificate;
use crate::constraints::{self, MAX_COMPARISONS, Refusal};
use crate::extensions::NameConstraints;
use crate::host::Host;
use crate::key::{KeyKind, PublicKey};
use crate::oddity::Oddity;
use crate::reason::{Failure, Reason};
use crate::store::{Anchor, TrustStore};
use crate::thumbprint::Thumbprint;

/// Certificates in one path, root included. Public chains have at most five.
pub const MAX_PATH: usize = 12;
/// Signatures checked in one search: chains meant to cost exponential time end here.
pub const MAX_SIGNATURE_CHECKS: usize = 100;
/// Steps of one search, signature or not.
const MAX_STEPS: usize = 10_000;
/// Verified paths kept: cross-signing makes two or three.
const MAX_PATHS: usize = 8;
/// Certificates whose signatures are remembered from chain to chain: a megabyte or two.
const MAX_REMEMBERED: usize = 1024;
/// Keys remembered of one certificate: it has one issuer, and strangers may name any number.
const MAX_KEYS_REMEMBERED: usize = 2;
/// Failures kept.
const MAX_FAILURES: usize = 32;

/// What is to be verified.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The presented chain: the leaf first, the others in any order.
    pub chain: &'a [Certificate],
    /// Trusted roots.
    pub store: &'a TrustStore,
    /// Unix seconds.
    pub now: i64,
    /// The host the leaf must name, when one is asked for.
    pub host: Option<&'a Host>,
}

/// A path that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// Leaf first, up to the certificate the root signed (or the root itself when it is the leaf).
    pub certificates: Vec<Certificate>,
    /// The root.
    pub anchor: Anchor,
}

impl Path {
    /// Leaf to root; without the root when the store knows only its name and key.
    pub fn with_root(&self) -> Vec<Certificate> {
        let mut all = self.certificates.clone();
        if let Some(root) = self.anchor.certificate()
            && all.last() != Some(root)
        {
            all.push(root.clone());
        }
        all
    }

    /// The root's certificate.
    pub fn root(&self) -> Option<&Certificate> {
        self.anchor.certificate()
    }
}

/// What a search found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Verification {
    /// Every path that holds, the first found first.
    pub paths: Vec<Path>,
    /// What stood in the way, in the order met; also when a path was found.
    pub failures: Vec<Failure>,
}

impl Verification {
    /// Whether a path holds.
    pub fn is_verified(&self) -> bool {
        !self.paths.is_empty()
    }

    /// The first path.
    pub fn path(&self) -> Option<&Path> {
        self.paths.first()
    }
}

/// Signatures remembered from chain to chain: hosts by the thousand have the same few authorities. Cut-off
/// searches stay cut off, because each search counts what it asks.
#[derive(Debug, Default)]
pub struct SignatureMemo {
    /// By the child's SHA-256: keys that were tried, and whether they made its signature.
    by_child: BTreeMap<Thumbprint, Vec<(PublicKey, Option<bool>)>>,
}

impl SignatureMemo {
    fn is_signed_by(&mut self, child: &Certificate, key: &PublicKey) -> Option<bool> {
        if let Some((_, verdict)) = self.by_child.get(child.sha256()).and_then(|all| all.iter().find(|(k, _)| k == key))
        {
            return *verdict;
        }
        let verdict = child.is_signed_by(key);
        if self.by_child.len() >= MAX_REMEMBERED {
            // Whoever is common comes back soon.
            self.by_child.clear();
        }
        let keys = self.by_child.entry(child.sha256().clone()).or_default();
        if keys.len() < MAX_KEYS_REMEMBERED {
            keys.push((key.clone(), verdict));
        }
        verdict
    }
}

/// Searches all paths, within limits.
pub fn verify(request: &Request<'_>) -> Verification {
    verify_with(request, &mut SignatureMemo::default())
}

/// The same for many chains in turn.
pub fn verify_with(request: &Request<'_>, memo: &mut SignatureMemo) -> Verification {
    let mut search = Search {
        request,
        memo,
        found: Verification::default(),
        checked: BTreeMap::new(),
        signatures: 0,
        steps: 0,
        comparisons: MAX_COMPARISONS,
    };
    let Some(leaf) = request.chain.first() else {
        search.fail(None, Reason::NoCertificate);
        return search.found;
    };
    let mut good = search.sound(leaf) & search.dated(leaf);
    if let Some(host) = request.host
        && !host.is_named_by(leaf)
    {
        search.fail(Some(leaf), Reason::WrongHost(host.to_string()));
        good = false;
    }
    if !leaf.allows_server_auth() {
        search.fail(Some(leaf), Reason::NotForServers);
        good = false;
    }
    // The search goes on for a bad leaf too: whether its root is known is worth saying.
    search.climb(&mut vec![0]);
    if !good {
        search.found.paths.clear();
    }
    search.found
}

struct Search<'a> {
    request: &'a Request<'a>,
    memo: &'a mut SignatureMemo,
    found: Verification,
    /// Signatures already checked, by the child's position and the issuer's key.
    checked: BTreeMap<(usize, Vec<u8>), Option<bool>>,
    signatures: usize,
    steps: usize,
    comparisons: usize,
}

impl<'a> Search<'a> {
    fn fail(&mut self, certificate: Option<&Certificate>, reason: Reason) {
        let failure = Failure { certificate: certificate.cloned(), reason };
        if self.found.failures.len() < MAX_FAILURES && !self.found.failures.contains(&failure) {
            self.found.failures.push(failure);
        }
    }

    fn at(&self, position: usize) -> Option<&'a Certificate> {
        self.request.chain.get(position)
    }

    /// What every certificate below a root must be.
    fn sound(&mut self, c: &Certificate) -> bool {
        let mut reasons = Vec::new();
        if c.signature_algorithm().is_weak() {
            reasons.push(Reason::WeakSignature(c.signature_algorithm().text()));
        }
        if c.oddities().contains(&Oddity::AlgorithmsDisagree) {
            reasons.push(Reason::AlgorithmsDisagree);
        }
        reasons.extend(c.oddities().iter().filter(|o| o.refuses()).map(|o| Reason::Malformed(*o)));
        let good = reasons.is_empty();
        for reason in reasons {
            self.fail(Some(c), reason);
        }
        good & self.usable(c)
    }

    /// What a root must be too: a key that can be relied on, and no condition that is not understood. Its
    /// own signature proves nothing.
    fn usable(&mut self, c: &Certificate) -> bool {
        let mut reasons = Vec::new();
        if c.public_key().is_weak() {
            reasons.push(Reason::WeakKey(c.public_key().text()));
        }
        if matches!(c.public_key().kind(), KeyKind::Other(_)) {
            reasons.push(Reason::UnsupportedKey(c.public_key().text()));
        }
        reasons.extend(c.extensions().unknown_critical.iter().cloned().map(Reason::UnknownCritical));
        let good = reasons.is_empty();
        for reason in reasons {
            self.fail(Some(c), reason);
        }
        good
    }

    fn dated(&mut self, c: &Certificate) -> bool {
        if self.request.now > c.not_after() {
            self.fail(Some(c), Reason::Expired(c.not_after()));
        } else if self.request.now < c.not_before() {
            self.fail(Some(c), Reason::NotYetValid(c.not_before()));
        } else {
            return true;
        }
        false
    }

    /// Whether `c` may stand above `below`, whose last element it signs.
    fn may_issue(&mut self, c: &Certificate, below: &[usize]) -> bool {
        let mut good = true;
        let mut refuse = |search: &mut Self, reason| {
            search.fail(Some(c), reason);
            good = false;
        };
        let constraints = c.extensions().basic_constraints;
        if !constraints.is_some_and(|b| b.ca) {
            refuse(self, Reason::NotACa);
        }
        // The leaf does not count, nor do self-issued CAs (RFC 5280, 4.2.1.9).
        let found = below.iter().skip(1).filter_map(|i| self.at(*i)).filter(|b| !b.is_self_issued()).count();
        let found = u64::try_from(found).unwrap_or(u64::MAX);
        if let Some(allowed) = constraints.and_then(|b| b.path_length)
            && found > allowed
        {
            refuse(self, Reason::PathTooLong { allowed, found });
        }
        if c.extensions().key_usage.is_some_and(|u| !u.key_cert_sign()) {
            refuse(self, Reason::MayNotSign);
        }
        if !c.allows_server_auth() {
            refuse(self, Reason::NotForServers);
        }
        good
    }

    fn names_allowed(
        &mut self,
        by: Option<&Certificate>,
        constraints: Option<&NameConstraints>,
        below: &[usize],
    ) -> bool {
        let Some(constraints) = constraints else { return true };
        for (place, position) in below.iter().enumerate() {
            let Some(certificate) = self.at(*position) else { continue };
            // Self-issued CAs are exempt, the leaf never (RFC 5280, 6.1.4 (b) and 6.1.3 (b)).
            if place > 0 && certificate.is_self_issued() {
                continue;
            }
            let reason = match constraints::refused(constraints, certificate, &mut self.comparisons) {
                Some(Refusal::Name(name)) => Reason::NameNotAllowed(name),
                Some(Refusal::Exhausted) => Reason::TooManyNames(MAX_COMPARISONS),
                None => continue,
            };
            self.fail(by, reason);
            return false;
        }
        true
    }

    fn signed(&mut self, position: usize, by: &PublicKey, name: &str) -> bool {
        let Some(child) = self.at(position) else { return false };
        let id = (position, by.spki().to_vec());
        let verdict = if let Some(known) = self.checked.get(&id) {
            *known
        } else {
            if self.signatures >= MAX_SIGNATURE_CHECKS {
                self.fail(None, Reason::Exhausted(MAX_SIGNATURE_CHECKS));
                return false;
            }
            self.signatures += 1;
            let verdict = self.memo.is_signed_by(child, by);
            self.checked.insert(id, verdict);
            verdict
        };
        match verdict {
            Some(true) => true,
            Some(false) => {
                self.fail(Some(child), Reason::BadSignature(name.to_owned()));
                false
            }
            None => {
                self.fail(Some(child), Reason::UnsupportedSignature(child.signature_algorithm().text()));
                false
            }
        }
    }

    fn climb(&mut self, below: &mut Vec<usize>) {
        self.steps += 1;
        let Some((position, current)) = below.last().and_then(|p| Some((*p, self.at(*p)?))) else { return };
        if self.steps > MAX_STEPS || self.found.paths.len() >= MAX_PATHS {
            return;
        }
        if self.request.store.contains(current) {
            self.finish(current, below);
            return;
        }
        if below.len() >= MAX_PATH {
            self.fail(Some(current), Reason::TooDeep(MAX_PATH));
            return;
        }
        let mut named = false;
        for anchor in self.request.store.named(current.issuer()) {
            named = true;
            self.try_anchor(anchor, position, below);
        }
        for next in self.issuers(position, current) {
            let Some(issuer) = self.at(next) else { continue };
            let again = below
                .iter()
                .filter_map(|b| self.at(*b))
                .any(|b| b == issuer || (b.subject() == issuer.subject() && b.public_key() == issuer.public_key()));
            if again {
                continue;
            }
            named = true;
            // A root reached by its own certificate was tried above, as an anchor.
            if self.request.store.contains(issuer) {
                continue;
            }
            let good = self.sound(issuer) & self.dated(issuer) & self.may_issue(issuer, below);
            if good
                && self.names_allowed(Some(issuer), issuer.extensions().name_constraints.as_ref(), below)
                && self.signed(position, issuer.public_key(), &issuer.display_name())
            {
                below.push(next);
                self.climb(below);
                below.pop();
            }
        }
        if !named {
            let reason = if current.is_self_issued() {
                Reason::UntrustedRoot
            } else {
                Reason::IssuerMissing(current.issuer().to_string())
            };
            self.fail(Some(current), reason);
        }
    }

    /// Presented certificates that the current one names as issuer; those whose key identifier fits first.
    fn issuers(&self, position: usize, current: &Certificate) -> Vec<usize> {
        let wanted = current.extensions().authority_key_id.as_ref();
        let mut found: Vec<(bool, usize)> = self
            .request
            .chain
            .iter()
            .enumerate()
            .filter(|(at, c)| *at != position && current.names_as_issuer(c))
            .map(|(at, c)| (wanted.is_some() && c.extensions().subject_key_id.as_ref() != wanted, at))
            .collect();
        found.sort_unstable();
        found.into_iter().map(|(_, at)| at).collect()
    }

    /// The current certificate is itself trusted: only a path of one gets here.
    fn finish(&mut self, current: &Certificate, below: &[usize]) {
        let anchor = self.request.store.named(current.subject()).iter().find(|a| a.key == *current.public_key());
        let Some(anchor) = anchor.cloned() else { return };
        let certificates = below.iter().filter_map(|i| self.at(*i)).cloned().collect();
        self.found.paths.push(Path { certificates, anchor });
    }

    fn try_anchor(&mut self, anchor: &Anchor, position: usize, below: &[usize]) {
        if let Some(root) = anchor.certificate() {
            // A root of version 1 cannot say that it is a CA; being trusted says it.
            let may = root.version() < 3 || self.may_issue(root, below);
            if !(self.usable(root) & self.dated(root) & may) {
                return;
            }
        }
        let name = anchor.subject().common_name().map_or_else(|| anchor.subject().to_string(), str::to_owned);
        if self.names_allowed(anchor.certificate(), anchor.constraints.as_ref(), below)
            && self.signed(position, anchor.public_key(), &name)
        {
            let certificates = below.iter().filter_map(|i| self.at(*i)).cloned().collect();
            self.found.paths.push(Path { certificates, anchor: anchor.clone() });
        }
    }
}
