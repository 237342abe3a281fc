//! Many roles against many identities without testing every pair.
//!
//! The index only narrows: it returns roles that *may* allow, and each is then evaluated in full.
//! So denies, other keys and other operators cannot be forgotten; the one thing to get right is
//! that no allowed role is left out. A role is filed under necessary conditions of its allow
//! statements: a positive, unconditional `StringEquals` or `StringLike` on one key (the subject's
//! for preference), by whole value or by the literal ends of the pattern. A statement without
//! such a condition is filed under its federated principals, else under "always".

use crate::document::{Effect, PrincipalKind, Principals};
use crate::operator::Comparison;
use crate::policy::{Decision, Policy};
use crate::request::{Principal, Request};
use crate::statement::{Condition, Statement};
use crate::value::{Test, Value};
use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasher, RandomState};

/// Compiled trust policies, filed by what their allow statements require.
///
/// Roles are known by their position in the list given to [`RoleIndex::build`].
#[derive(Debug, Default)]
pub struct RoleIndex {
    roles: Vec<Policy>,
    hasher: RandomState,
    /// By condition key (lower case).
    keys: HashMap<Box<str>, KeyIndex>,
    providers: HashMap<Box<str>, Vec<u32>>,
    always: Vec<u32>,
}

/// Roles that require something of one condition key. Texts are kept as hashes only: a collision
/// costs one needless evaluation. Pairs of hash and role are sorted for searching.
#[derive(Debug, Default)]
struct KeyIndex {
    /// By whole value.
    exact: Vec<(u64, u32)>,
    /// By both literal ends of a pattern.
    patterns: Vec<(u64, u32)>,
    prefix_lengths: BTreeSet<usize>,
    /// For each prefix, the lengths of the suffixes that go with it: most prefixes have one, so
    /// few probes are made.
    suffix_lengths: HashMap<u64, BTreeSet<usize>>,
}

impl RoleIndex {
    /// Files the roles. An iterator that parses as it goes is best: each policy is then filed
    /// while it is still in the processor's cache.
    pub fn build(roles: impl IntoIterator<Item = Policy>) -> Self {
        let mut index = Self::default();
        for (role, policy) in (0_u32..).zip(roles) {
            for statement in policy.statements.iter().filter(|s| s.effect == Some(Effect::Allow)) {
                index.file(role, statement);
            }
            index.roles.push(policy);
        }
        for key in index.keys.values_mut() {
            key.exact.sort_unstable();
            key.patterns.sort_unstable();
        }
        index
    }

    /// The policies, in the order given.
    pub fn roles(&self) -> &[Policy] {
        &self.roles
    }

    fn file(&mut self, role: u32, statement: &Statement) {
        if let Some(anchor) = anchor(statement) {
            let key = match self.keys.get_mut(&*anchor.key_lower) {
                Some(key) => key,
                None => self.keys.entry(anchor.key_lower.clone()).or_default(),
            };
            for value in &anchor.values {
                key.file(role, value, &self.hasher);
            }
            return;
        }
        match federated(statement) {
            Some(arns) => {
                for arn in arns {
                    self.providers.entry(arn.into()).or_default().push(role);
                }
            }
            None => self.always.push(role),
        }
    }

    /// The roles that allow a request, in ascending order: exactly those for which
    /// [`Policy::evaluate`] gives [`Decision::Allow`].
    pub fn roles_for(&self, request: &Request) -> Vec<usize> {
        let mut found = self.always.clone();
        if let Principal::Federated(arn) = &request.principal {
            found.extend(self.providers.get(arn.as_str()).into_iter().flatten());
        }
        for (key, values) in request.context.iter() {
            if let Some(key) = self.keys.get(key) {
                for value in values {
                    key.candidates(value, &self.hasher, &mut found);
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        let roles = found.into_iter().filter_map(|r| usize::try_from(r).ok());
        roles.filter(|role| self.allows(*role, request)).collect()
    }

    /// The positions of the requests that one role allows, in ascending order.
    pub fn identities_for(&self, role: usize, requests: &[Request]) -> Vec<usize> {
        let allowed = requests.iter().enumerate().filter(|(_, request)| self.allows(role, request));
        allowed.map(|(position, _)| position).collect()
    }

    fn allows(&self, role: usize, request: &Request) -> bool {
        self.roles.get(role).is_some_and(|policy| policy.evaluate(request) == Decision::Allow)
    }
}

impl KeyIndex {
    fn file(&mut self, role: u32, value: &Value, hasher: &RandomState) {
        let glob = if let Test::Like(glob) = &value.test { Some(glob) } else { None };
        let Some(glob) = glob.filter(|g| !g.is_literal()) else {
            self.exact.push((hasher.hash_one(&*value.text), role));
            return;
        };
        let (prefix, suffix) = glob.ends();
        self.prefix_lengths.insert(prefix.len());
        self.suffix_lengths.entry(hasher.hash_one(prefix)).or_default().insert(suffix.len());
        self.patterns.push((hasher.hash_one((prefix, suffix)), role));
    }

    fn candidates(&self, value: &str, hasher: &RandomState, found: &mut Vec<u32>) {
        search(&self.exact, hasher.hash_one(value), found);
        for length in &self.prefix_lengths {
            let Some((prefix, rest)) = value.split_at_checked(*length) else { continue };
            let Some(lengths) = self.suffix_lengths.get(&hasher.hash_one(prefix)) else { continue };
            for length in lengths {
                let Some(start) = rest.len().checked_sub(*length) else { break };
                let Some(suffix) = rest.get(start..) else { continue };
                search(&self.patterns, hasher.hash_one((prefix, suffix)), found);
            }
        }
    }
}

/// Adds the roles filed under a hash.
fn search(sorted: &[(u64, u32)], hash: u64, found: &mut Vec<u32>) {
    let start = sorted.partition_point(|(h, _)| *h < hash);
    let equal = sorted.iter().skip(start).take_while(|(h, _)| *h == hash);
    found.extend(equal.map(|(_, role)| *role));
}

/// The condition that a statement is filed under: it must hold for the statement to apply, and
/// holds only if some actual value equals a literal or has a pattern's ends.
fn anchor(statement: &Statement) -> Option<&Condition> {
    let usable = |c: &&Condition| {
        let positive = c.operator.is_some_and(|o| {
            matches!(o.comparison, Comparison::StringEquals | Comparison::StringLike)
                && !o.negated
                && !o.if_exists
                && o.quantifier.is_none()
        });
        positive && c.values.iter().all(|v| matches!(v.test, Test::Exact | Test::Like(_)))
    };
    let mut candidates = statement.conditions.iter().filter(usable);
    let subject = candidates.clone().find(|c| c.key_lower.ends_with(":sub"));
    // All roles of a provider share one audience, so filing under it narrows nothing.
    subject.or_else(|| candidates.find(|c| !c.key_lower.ends_with(":aud")))
}

/// The federated principals of a statement that can apply to no other principal.
fn federated(statement: &Statement) -> Option<Vec<&str>> {
    let element = statement.principal.as_ref().filter(|p| !p.negated)?;
    let Principals::Listed(listed) = &element.principals else { return None };
    let plain = |(kind, value): &(PrincipalKind, String)| *kind == PrincipalKind::Federated && value != "*";
    listed.iter().all(plain).then(|| listed.iter().map(|(_, value)| value.as_str()).collect())
}
