//! All that was read of a checkout, and which parts of it belong together.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use trustwalk_checkout::{Declared, Node, Piece, Provider, Role, Text};
use trustwalk_core::evidence::{Fit, ROLE_ANNOTATION};

use crate::admit::{compared, template};
use crate::policy::{Statement, statements};

/// What was read.
#[derive(Debug, Clone, Default)]
pub struct World {
    /// What manifests, templates and Terraform declare.
    pub declared: Declared,
    /// Jobs of CI files.
    pub jobs: Vec<trustwalk_ci::Job>,
    /// The CI files themselves, for their places.
    pub documents: BTreeMap<String, Arc<Node>>,
    /// `owner/name` of the checkout, where it is known.
    pub repository: Option<String>,
    /// When its repository was made, where that is known, Unix seconds.
    pub repository_created: Option<i64>,
    /// Its default branch, where it is known.
    pub default_branch: Option<String>,
    /// What somebody says that secrets and variables of CI hold, by their names: `secrets.ROLE`, `vars.ROLE`.
    pub values: BTreeMap<String, String>,
    /// Files that were not read, or not all of them, and that speak of nothing of AWS.
    pub silent: BTreeSet<String>,
    /// Whether cluster and account are looked at too.
    pub live: bool,
    /// Files that were read.
    pub files: usize,
    /// When, Unix seconds.
    pub now: i64,
}

impl World {
    /// The roles that an ARN may mean: those that are certainly meant, or else those that may be.
    pub(crate) fn roles(&self, arn: &Text) -> Vec<&Role> {
        let exact: Vec<&Role> = self.declared.roles.iter().filter(|r| same(&r.arn, arn)).collect();
        if !exact.is_empty() {
            return exact;
        }
        self.declared.roles.iter().filter(|r| may_be(&r.arn, arn)).collect()
    }

    /// The provider of an ARN, where the files declare it.
    pub(crate) fn provider(&self, arn: &Text) -> Option<&Provider> {
        self.declared.providers.iter().find(|p| same(&p.arn, arn)).or_else(|| {
            let mut near = self.declared.providers.iter().filter(|p| may_be(&p.arn, arn));
            near.next().filter(|_| near.next().is_none())
        })
    }

    /// The issuer that a role's trust policy means, without its scheme, and its provider's ARN in the account of the
    /// role, whose ARN this is.
    pub(crate) fn issuer(&self, role: &Role, arn: &Text) -> Option<(Text, Text)> {
        let all = statements(&role.trust);
        let ours: Vec<&Statement<'_>> = all.iter().filter(|s| s.allows() && !s.federated().is_empty()).collect();
        ours.iter().find_map(|s| self.issuer_of(arn, s)).or_else(|| {
            let keys = all.iter().flat_map(|s| &s.conditions).map(|c| &c.key.value);
            keys.filter_map(prefix).map(|issuer| (issuer.clone(), provider_arn(arn, &issuer))).next()
        })
    }

    /// The issuer that a statement means.
    pub(crate) fn issuer_of(&self, role: &Text, statement: &Statement<'_>) -> Option<(Text, Text)> {
        let federated: Vec<Text> = statement.federated().iter().filter_map(|n| n.value.text()).collect();
        if let Some((provider, arn)) = federated.iter().find_map(|t| Some((self.provider(t)?, t))) {
            let issuer = bare(&provider.url.value);
            // The declaration says more of its ARN than the reference does.
            let arn = if same(&provider.arn, arn) { provider.arn.clone() } else { provider_arn(role, &issuer) };
            return Some((issuer, arn));
        }
        let path = federated.iter().find_map(|t| after(t, ":oidc-provider/"));
        let by_key = || statement.conditions.iter().find_map(|c| prefix(&c.key.value));
        if let Some(issuer) = path {
            // What its tokens come through is the provider in the role's own account.
            let issuer = bare(&issuer);
            let issuer = self.of_keys(statement, &issuer).unwrap_or(issuer);
            return Some((issuer.clone(), provider_arn(role, &issuer)));
        }
        let wholly = federated.iter().find(|t| t.known().is_none());
        let issuer = by_key()?;
        let arn = wholly.cloned().unwrap_or_else(|| provider_arn(role, &issuer));
        Some((issuer, arn))
    }
}

impl World {
    /// The issuer that a statement's keys agree on where its principal is the odd one out: the files declare the
    /// provider of the one and not of the other, or several keys name the one and the principal alone another cluster.
    fn of_keys(&self, statement: &Statement<'_>, principal: &Text) -> Option<Text> {
        let named: Vec<Text> = statement.conditions.iter().filter_map(|c| prefix(&c.key.value)).collect();
        let first = named.first()?;
        if first == principal || named.iter().any(|n| n != first) {
            return None;
        }
        let (theirs, ours) = (first.known()?, principal.known()?);
        let declared = |issuer: &str| {
            let urls = self.declared.providers.iter().map(|p| bare(&p.url.value));
            urls.into_iter().any(|url| url.known() == Some(issuer))
        };
        match (declared(theirs), declared(ours)) {
            (true, false) => Some(first.clone()),
            (false, false) if named.len() > 1 => (cluster(theirs)? != cluster(ours)?).then(|| first.clone()),
            _ => None,
        }
    }
}

/// The id of an EKS cluster's issuer.
fn cluster(issuer: &str) -> Option<&str> {
    let (host, id) = issuer.split_once("/id/")?;
    let id = id.strip_suffix('/').unwrap_or(id);
    (host.starts_with("oidc.eks.") || host.starts_with("oidc-eks.")).then_some(id)
}

/// The account that a role is in: as whoever names it says, as its declaration does, or else as its principals do.
pub(crate) fn account_of(role: &Role, named: Option<&Text>) -> Option<String> {
    let of = |text: &Text| crate::admit::account(&text.to_string());
    let principals = || {
        let all = statements(&role.trust);
        let texts: Vec<Text> = all.iter().flat_map(Statement::federated).filter_map(|n| n.value.text()).collect();
        texts.iter().find_map(of)
    };
    named.and_then(of).or_else(|| of(&role.arn)).or_else(principals)
}

/// Whether two texts are the same for certain.
pub(crate) fn same(a: &Text, b: &Text) -> bool {
    a == b
}

/// Whether one ARN may be the other: what is known of both has to say so.
fn may_be(declared: &Text, told: &Text) -> bool {
    let speaks = |t: &Text| t.pieces().iter().any(|p| matches!(p, Piece::Known(k) if k.contains(':')));
    if !speaks(declared) || !speaks(told) {
        return false;
    }
    // The last part tells one from another; where it is wholly unknown everything would fit.
    let named = |t: &Text| matches!(t.pieces().last(), Some(Piece::Known(k)) if !k.ends_with('/') && !k.ends_with(':'));
    if !named(declared) || !named(told) {
        return false;
    }
    if declared.known().is_some() && told.known().is_some() {
        return false;
    }
    // What both begin and end with is looked at first: a checkout may have hundreds of roles, and as many that ask.
    if !meet_at_their_ends(declared, told) {
        return false;
    }
    compared(declared, false, told) != Fit::Refuses && template(declared).like("*") != Fit::Refuses
}

/// Whether the known beginnings of two texts agree as far as the shorter goes, and their known ends.
fn meet_at_their_ends(one: &Text, other: &Text) -> bool {
    let agree = |one: Option<&Piece>, other: Option<&Piece>, at: fn(&str, &str) -> bool| match (one, other) {
        (Some(Piece::Known(one)), Some(Piece::Known(other))) => at(one, other) || at(other, one),
        _ => true,
    };
    let (one, other) = (one.pieces(), other.pieces());
    agree(one.first(), other.first(), |whole, part| whole.starts_with(part))
        && agree(one.last(), other.last(), |whole, part| whole.ends_with(part))
}

/// What follows a mark in a text.
pub(crate) fn after(text: &Text, mark: &str) -> Option<Text> {
    let mut pieces = text.pieces().iter();
    for piece in pieces.by_ref() {
        if let Piece::Known(known) = piece
            && let Some((_, rest)) = known.split_once(mark)
        {
            let mut out = Text::from(rest);
            pieces.for_each(|p| out.push(one(p)));
            return Some(out);
        }
    }
    None
}

fn one(piece: &Piece) -> Text {
    match piece {
        Piece::Known(known) => known.as_str().into(),
        Piece::Unknown(symbol) => Text::unknown(Arc::clone(&symbol.0)),
    }
}

/// A URL without its scheme.
pub(crate) fn bare(url: &Text) -> Text {
    after(url, "https://").unwrap_or_else(|| url.clone())
}

/// What stands before the claim in a key: an issuer, as far as it is one.
fn prefix(key: &Text) -> Option<Text> {
    let Piece::Known(last) = key.pieces().last()? else { return None };
    let (head, _) = last.rsplit_once(':')?;
    let mut out: Text = key.pieces().get(..key.pieces().len() - 1)?.iter().map(one).collect();
    out.push(head.into());
    let out = bare(&after(&out, ":oidc-provider/").unwrap_or(out));
    // Keys of the call and of AWS's own are of no issuer.
    let host = out.known().is_none_or(|o| o.contains('.'));
    (host && out != Text::default()).then_some(out)
}

/// The ARN of a provider in the account of a role.
pub(crate) fn provider_arn(role: &Text, issuer: &Text) -> Text {
    let mut out = Text::default();
    for piece in role.pieces() {
        match piece {
            Piece::Known(known) => match known.split_once(":role/") {
                Some((before, _)) => {
                    out.push(before.into());
                    out.push(":oidc-provider/".into());
                    out.push(issuer.clone());
                    return out;
                }
                None => out.push(known.as_str().into()),
            },
            Piece::Unknown(symbol) => out.push(Text::unknown(Arc::clone(&symbol.0))),
        }
    }
    let head = [Text::from("arn:aws:iam::"), Text::unknown("the account"), ":oidc-provider/".into(), issuer.clone()];
    head.into_iter().collect()
}

/// The role that annotations name.
pub(crate) fn role_annotation(
    annotations: &[(trustwalk_checkout::Said<Text>, trustwalk_checkout::Said<Text>)],
) -> Option<&(trustwalk_checkout::Said<Text>, trustwalk_checkout::Said<Text>)> {
    let ours = |(key, value): &&(_, trustwalk_checkout::Said<Text>)| {
        let key: &trustwalk_checkout::Said<Text> = key;
        key.value.known() == Some(ROLE_ANNOTATION) && value.value.known() != Some("")
    };
    annotations.iter().rev().find(ours)
}
