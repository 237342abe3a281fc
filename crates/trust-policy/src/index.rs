//! Many roles against many identities without testing every pair.
//!
//! The index only narrows: it returns roles that *may* allow, and each is then evaluated in full.
//! So denies, other keys and other operators cannot be forgotten; the one thing to get right is
//! that no allowed role is left out. A role is filed under necessary conditions of its allow
//! statements: a positive, unconditional `StringEquals` or `StringLike` on one key (the subject's
//! for preference), by whole value or by the literal ends of the pattern. A statement without
//! such a condition is filed under its federated principals, else under "always".
//!
//! Most roles of an inventory differ in the subject only. Such roles form a class: what they
//! share is evaluated once for a request, and the subject is compared in the index itself, which
//! spares reading a policy that has long left the processor's cache.

use crate::call::is_of_call;
use crate::document::{Effect, PrincipalKind, Principals};
use crate::operator::Comparison;
use crate::policy::{Decision, Policy};
use crate::request::{Principal, Request};
use crate::statement::{Condition, Statement};
use crate::value::{Test, Value};
use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::ops::Range;

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

/// Roles that require something of one condition key, sorted by hash for searching. A collision
/// of hashes costs one needless comparison.
#[derive(Debug, Default)]
struct KeyIndex {
    /// By whole value.
    exact: Vec<Entry>,
    /// By both literal ends of a pattern.
    patterns: Vec<Entry>,
    prefix_lengths: BTreeSet<usize>,
    /// For each prefix, the lengths of the suffixes that go with it: most prefixes have one, so
    /// few probes are made.
    suffix_lengths: HashMap<u64, BTreeSet<usize>>,
    /// For each class, the role that stands for it.
    classes: Vec<u32>,
    /// The values of class members, one after another.
    texts: String,
}

#[derive(Debug)]
struct Entry {
    hash: u64,
    role: u32,
    /// Class and place of the text; nothing if the role must be evaluated in full.
    member: Option<(u8, Range<usize>)>,
}

/// Classes kept for one key; a key is one provider's, whose roles rarely have more.
const MAX_CLASSES: usize = 4;

/// What a search finds.
#[derive(Debug, Default)]
struct Found {
    /// Roles to be evaluated.
    candidates: Vec<u32>,
    /// Roles that allow.
    allowed: Vec<u32>,
}

impl RoleIndex {
    /// Files the roles. An iterator that parses as it goes is best: each policy is then filed
    /// while it is still in the processor's cache.
    pub fn build(roles: impl IntoIterator<Item = Policy>) -> Self {
        let mut index = Self::default();
        for (role, policy) in (0_u32..).zip(roles) {
            let alone = policy.statements.len() == 1;
            for statement in policy.statements.iter().filter(|s| s.effect == Some(Effect::Allow)) {
                index.file(role, statement, alone);
            }
            index.roles.push(policy);
        }
        index.keys.values_mut().for_each(|key| {
            key.exact.sort_unstable_by_key(|e| (e.hash, e.role));
            key.patterns.sort_unstable_by_key(|e| (e.hash, e.role));
        });
        index
    }

    /// The policies, in the order given.
    pub fn roles(&self) -> &[Policy] {
        &self.roles
    }

    fn file(&mut self, role: u32, statement: &Statement, alone: bool) {
        if let Some(anchor) = anchor(statement) {
            let key = self.keys.entry(anchor.key.to_ascii_lowercase().into()).or_default();
            let class = if alone { key.class(role, statement, anchor, &self.roles) } else { None };
            for value in &anchor.values {
                key.file(role, value, class, &self.hasher);
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
        let mut found = Found { candidates: self.always.clone(), allowed: Vec::new() };
        if let Principal::Federated(arn) = &request.principal {
            found.candidates.extend(self.providers.get(arn.as_str()).into_iter().flatten());
        }
        for (key, values) in request.context.iter() {
            if let Some(key) = self.keys.get(key) {
                let admitting = key.admitting(&self.roles, request);
                for value in values {
                    key.search(value, &admitting, &self.hasher, &mut found);
                }
            }
        }
        if request.context.has_open_claims() {
            // A value that is not wholly known may still match for certain, and is found under no text.
            for (_, key) in self.keys.iter().filter(|(name, _)| request.context.is_open(name)) {
                found.candidates.extend(key.exact.iter().chain(&key.patterns).map(|e| e.role));
            }
        }
        found.candidates.sort_unstable();
        found.candidates.dedup();
        found.candidates.retain(|role| position(*role).is_some_and(|role| self.allows(role, request)));
        found.allowed.append(&mut found.candidates);
        found.allowed.sort_unstable();
        found.allowed.dedup();
        found.allowed.into_iter().filter_map(position).collect()
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

fn position(role: u32) -> Option<usize> {
    usize::try_from(role).ok()
}

impl KeyIndex {
    /// The class of a role whose only statement this is; nothing if it belongs to none.
    fn class(&mut self, role: u32, statement: &Statement, anchor: &Condition, roles: &[Policy]) -> Option<u8> {
        if !others(statement, anchor).all(is_plain) {
            return None;
        }
        for (class, representative) in (0_u8..).zip(&self.classes) {
            let other = position(*representative).and_then(|r| roles.get(r)).and_then(|p| p.statements.first())?;
            let same = other.principal == statement.principal && other.action == statement.action;
            let mut rest = others(statement, anchor);
            let mut also = self::anchor(other).into_iter().flat_map(|a| others(other, a));
            if same && also.all(|o| rest.next().is_some_and(|r| same_text(o, r))) && rest.next().is_none() {
                return Some(class);
            }
        }
        let class = u8::try_from(self.classes.len()).ok().filter(|_| self.classes.len() < MAX_CLASSES)?;
        self.classes.push(role);
        Some(class)
    }

    fn file(&mut self, role: u32, value: &Value, class: Option<u8>, hasher: &RandomState) {
        let glob = if let Test::Like(glob) = &value.test { Some(glob) } else { None };
        let pattern = glob.filter(|g| !g.is_literal());
        // Only a pattern of one star is settled by its ends.
        let member = class.filter(|_| pattern.is_none_or(|g| g.is_one_star())).map(|class| {
            let start = self.texts.len();
            self.texts.push_str(&value.text);
            (class, start..self.texts.len())
        });
        let Some(glob) = pattern else {
            self.exact.push(Entry { hash: hasher.hash_one(&*value.text), role, member });
            return;
        };
        let (prefix, suffix) = glob.ends();
        self.prefix_lengths.insert(prefix.len());
        self.suffix_lengths.entry(hasher.hash_one(prefix)).or_default().insert(suffix.len());
        self.patterns.push(Entry { hash: hasher.hash_one((prefix, suffix)), role, member });
    }

    /// For each class, whether its members allow the request but for their own condition.
    fn admitting(&self, roles: &[Policy], request: &Request) -> Vec<bool> {
        let admits = |representative: &u32| {
            let policy = position(*representative).and_then(|r| roles.get(r));
            let statement = policy.and_then(|p| p.statements.first());
            statement.is_some_and(|s| s.applies_without(anchor(s), request).is_yes())
        };
        self.classes.iter().map(admits).collect()
    }

    fn search(&self, value: &str, admitting: &[bool], hasher: &RandomState, found: &mut Found) {
        let take = |entries: &[Entry], hash: u64, found: &mut Found, equal: &dyn Fn(&str) -> bool| {
            let start = entries.partition_point(|e| e.hash < hash);
            for entry in entries.iter().skip(start).take_while(|e| e.hash == hash) {
                match &entry.member {
                    None => found.candidates.push(entry.role),
                    Some((class, text)) => {
                        let admits = admitting.get(usize::from(*class)) == Some(&true);
                        if admits && self.texts.get(text.clone()).is_some_and(equal) {
                            found.allowed.push(entry.role);
                        }
                    }
                }
            }
        };
        take(&self.exact, hasher.hash_one(value), found, &|text| text == value);
        for length in &self.prefix_lengths {
            let Some((prefix, rest)) = value.split_at_checked(*length) else { continue };
            let Some(lengths) = self.suffix_lengths.get(&hasher.hash_one(prefix)) else { continue };
            for length in lengths {
                let Some(start) = rest.len().checked_sub(*length) else { break };
                let Some(suffix) = rest.get(start..) else { continue };
                let equal = |text: &str| {
                    text.strip_prefix(prefix).and_then(|t| t.strip_prefix('*')).is_some_and(|t| t == suffix)
                };
                take(&self.patterns, hasher.hash_one((prefix, suffix)), found, &equal);
            }
        }
    }
}

/// The conditions of a statement besides the one that it is filed under.
fn others<'a>(statement: &'a Statement, anchor: &'a Condition) -> impl Iterator<Item = &'a Condition> {
    statement.conditions.iter().filter(move |c| !std::ptr::eq(*c, anchor))
}

/// Whether a condition is a `StringEquals` without variables, whose text alone says what it means.
fn is_plain(condition: &Condition) -> bool {
    *condition.operator_text == *"StringEquals" && condition.values.iter().all(|v| matches!(v.test, Test::Exact))
}

fn same_text(a: &Condition, b: &Condition) -> bool {
    a.key.eq_ignore_ascii_case(&b.key) && a.values.iter().map(|v| &v.text).eq(b.values.iter().map(|v| &v.text))
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
        // What the call brings is seldom known, so nothing is found under it.
        let of_token = !is_of_call(&c.key);
        positive && of_token && c.values.iter().all(|v| matches!(v.test, Test::Exact | Test::Like(_)))
    };
    let mut candidates = statement.conditions.iter().filter(usable);
    let subject = candidates.clone().find(|c| c.is_claim("sub"));
    // All roles of a provider share one audience, so filing under it narrows nothing.
    subject.or_else(|| candidates.find(|c| !c.is_claim("aud")))
}

/// The federated principals of a statement that can apply to no other principal.
fn federated(statement: &Statement) -> Option<Vec<&str>> {
    let element = statement.principal.as_ref().filter(|p| !p.negated)?;
    let Principals::Listed(listed) = &element.principals else { return None };
    let plain = |(kind, value): &(PrincipalKind, String)| *kind == PrincipalKind::Federated && value != "*";
    listed.iter().all(plain).then(|| listed.iter().map(|(_, value)| value.as_str()).collect())
}
