//! What a statement wants of the claims of an issuer's tokens.

use std::collections::BTreeMap;

use trustwalk_trust_policy::{Comparison, Document, DocumentStatement, Effect, Operator};

/// One condition on a claim.
#[derive(Debug, Clone)]
pub(crate) struct Want<'a> {
    /// The operator, where IAM has it.
    pub(crate) operator: Option<Operator>,
    /// The values as written.
    pub(crate) values: &'a [String],
}

impl Want<'_> {
    /// Whether it holds only where the claim is one of its values, letter by letter.
    pub(crate) fn is_exact(&self) -> bool {
        self.operator.is_some_and(|o| {
            o.comparison == Comparison::StringEquals && !o.negated && !o.if_exists && o.quantifier.is_none()
        }) && !self.values.iter().any(|v| v.contains("${"))
    }

    /// Whether it holds only where the claim is of one of its values, letters or patterns.
    pub(crate) fn is_list(&self) -> bool {
        let like = self.operator.is_some_and(|o| {
            o.comparison == Comparison::StringLike && !o.negated && !o.if_exists && o.quantifier.is_none()
        });
        self.is_exact() || like && !self.values.iter().any(|v| v.contains("${"))
    }

    /// Whether its values are what is meant, and not what is kept out.
    pub(crate) fn is_positive(&self) -> bool {
        self.operator.is_some_and(|o| !o.negated && o.comparison != Comparison::Null)
    }
}

/// The conditions of one statement on one issuer's claims, by claim in lower case.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted<'a> {
    by_claim: BTreeMap<String, Vec<Want<'a>>>,
    /// Of each Deny that spares some subjects, those.
    spared: Vec<Vec<&'a str>>,
}

impl<'a> Wanted<'a> {
    /// Of a statement and an issuer without scheme.
    pub(crate) fn of(statement: &'a DocumentStatement, issuer: &str) -> Self {
        let mut by_claim: BTreeMap<String, Vec<Want<'a>>> = BTreeMap::new();
        for condition in &statement.conditions {
            let Some(claim) = claim_of(&condition.key, issuer) else { continue };
            let want = Want { operator: Operator::parse(&condition.operator), values: &condition.values };
            by_claim.entry(claim.to_ascii_lowercase()).or_default().push(want);
        }
        Self { by_claim, spared: Vec::new() }
    }

    /// The same with what the document's Denies spare.
    pub(crate) fn within(mut self, document: &'a Document, issuer: &str) -> Self {
        let denies = document.statements.iter().filter(|s| s.effect == Some(Effect::Deny));
        for deny in denies {
            let of = Wanted::of(deny, issuer);
            let negated = of.on("sub").iter().filter(|w| w.operator.is_some_and(|o| o.negated));
            self.spared.extend(negated.map(|w| w.values.iter().map(String::as_str).collect::<Vec<_>>()));
        }
        self
    }

    /// Lists of subjects of each of which somebody is who gets in: those that are meant, and those that Denies spare.
    pub(crate) fn lists(&self) -> impl Iterator<Item = Vec<&'a str>> {
        let meant = self.on("sub").iter().filter(|w| w.is_positive());
        meant.map(|w| w.values.iter().map(String::as_str).collect()).chain(self.spared.iter().cloned())
    }

    /// The conditions on a claim.
    pub(crate) fn on(&self, claim: &str) -> &[Want<'a>] {
        self.by_claim.get(claim).map_or(&[], Vec::as_slice)
    }

    /// The values that a claim is meant to have, patterns as they stand.
    pub(crate) fn values(&self, claim: &str) -> impl Iterator<Item = &'a str> {
        let positive = self.on(claim).iter().filter(|w| w.is_positive());
        positive.flat_map(|w| w.values.iter().map(String::as_str))
    }

    /// A value that a claim may have: the first that is meant, wildcards filled in.
    pub(crate) fn one(&self, claim: &str) -> Option<String> {
        self.values(claim).next().map(|v| v.replace(['*', '?'], "x"))
    }

    /// The values of which a claim must be one, where that is so.
    pub(crate) fn exactly(&self, claim: &str) -> Option<Vec<&'a str>> {
        let exact = self.on(claim).iter().find(|w| w.is_exact())?;
        Some(exact.values.iter().map(String::as_str).collect())
    }
}

/// The claim in a key, if it is one of this issuer. Keys have no letter case.
pub(crate) fn claim_of<'k>(key: &'k str, issuer: &str) -> Option<&'k str> {
    let (head, rest) = key.split_at_checked(issuer.len())?;
    let claim = head.eq_ignore_ascii_case(issuer).then(|| rest.strip_prefix(':')).flatten()?;
    (!claim.contains(':')).then_some(claim)
}
