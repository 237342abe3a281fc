//! The audit: everything together.

use std::collections::BTreeSet;

use serde::Serialize;
use trustwalk_trust_policy::{Comparison, DocumentCondition, DocumentStatement, Effect, Operator};

use crate::broad::broad;
use crate::dead::dead;
use crate::finding::{About, Finding};
use crate::grants::{Grant, grants};
use crate::inventory::{Inventory, Role, Unread};
use crate::providers::providers;
use crate::registry::Registry;
use crate::rule::{Own, Rule};
use crate::sarif::Level;
use crate::seen::Seen;
use crate::span;
use crate::tighten::{NoTightening, tighten};
use crate::wanted::claim_of;
use crate::zone::Zone;

/// What an audit rests on beside the inventory.
#[derive(Debug, Clone, Copy)]
pub struct Basis<'a> {
    /// What is ours.
    pub zone: &'a Zone,
    /// Who was seen, where that was given.
    pub seen: Option<&'a Seen>,
    /// The time now, in seconds since 1970.
    pub now: i64,
}

/// Whether anybody can use a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// As far as the policy decides.
    Open,
    /// Nobody, ever, as things stand.
    Dead,
}

/// Who can assume a role: one statement of it and one provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Trust {
    /// The role's ARN.
    pub role: String,
    /// Its account.
    pub account: Option<String>,
    /// Position of the statement.
    pub statement: usize,
    /// The provider: an ARN, the name of a built-in one, `*`, or what stands there.
    pub provider: String,
    /// Its issuer without scheme.
    pub issuer: Option<String>,
    /// Its subjects, or the application's users: patterns as they are written, each with what compares it where that is
    /// not plain equality. None means every one.
    pub subjects: Vec<String>,
    /// Its audiences, likewise.
    pub audiences: Vec<String>,
    /// What else is asked for.
    pub further: Vec<String>,
    /// Whether anybody can use it.
    pub standing: Standing,
    /// Why nobody can.
    pub why: Option<String>,
}

/// Something that could not be narrowed, with the reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Untightened {
    /// The role's ARN.
    pub role: String,
    /// Why.
    pub why: String,
}

/// What an audit found.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Audit {
    /// Roles that were read.
    pub roles: usize,
    /// Of these, those that trust web identities.
    pub trusting: usize,
    /// Providers that were read.
    pub providers: usize,
    /// Accounts.
    pub accounts: Vec<String>,
    /// Whether it was said what is ours.
    pub zone_given: bool,
    /// Who can assume what.
    pub trust: Vec<Trust>,
    /// Findings, the worst first.
    pub findings: Vec<Finding>,
    /// Roles whose trust could not be narrowed to those who were seen.
    pub untightened: Vec<Untightened>,
    /// What could not be read.
    pub unread: Vec<Unread>,
}

impl Audit {
    /// Audits.
    pub fn of(inventory: &Inventory, basis: &Basis<'_>) -> Self {
        let mut audit = Self {
            roles: inventory.roles.len(),
            providers: inventory.providers.len(),
            accounts: inventory.accounts().into_iter().map(str::to_owned).collect(),
            zone_given: basis.zone.is_given(),
            unread: inventory.unread.clone(),
            ..Self::default()
        };
        let registry = Registry::new(inventory);
        let granted: Vec<(usize, Vec<Grant<'_>>)> = inventory
            .roles
            .iter()
            .enumerate()
            .map(|(at, role)| (at, grants(role)))
            .filter(|(_, grants)| !grants.is_empty())
            .collect();
        audit.trusting = granted.len();
        for (at, grants) in &granted {
            if let Some(role) = inventory.roles.get(*at) {
                audit.role(role, grants, registry, basis);
            }
        }
        audit.findings.extend(providers(inventory, &granted, basis.now));
        audit.findings.sort_by(|a, b| {
            let key = |f: &Finding| (std::cmp::Reverse(f.level), f.rule.code());
            key(a).cmp(&key(b)).then_with(|| a.about.cmp(&b.about)).then_with(|| a.statement.cmp(&b.statement))
        });
        audit
    }

    fn role(&mut self, role: &Role, grants: &[Grant<'_>], registry: Registry<'_>, basis: &Basis<'_>) {
        for grant in grants {
            let mut trust = trust(role, grant);
            let closing = role.document.closing(grant.statement, &grant.anybody(), basis.now);
            if let Some(dead) = dead(role, grant, registry).or_else(|| span::over(closing)) {
                let part = grant.statement.to_string();
                let parts = [part.as_str(), grant.trusted.name()];
                // What others of the same statement give is another matter.
                let beside = grants.iter().filter(|other| other.statement == grant.statement).count() > 1;
                let whom = if beside { format!(" of {}", grant.trusted.name()) } else { String::new() };
                let message = format!("it admits nobody{whom}: {}", dead.why);
                let about = About::Role(role.arn.clone());
                let finding = Finding::new(Rule::Cause(dead.cause), about, message, &parts);
                self.findings.push(finding.at(grant.statement).in_place(role.place.as_ref()));
                trust.standing = Standing::Dead;
                trust.why = Some(dead.why);
            } else {
                self.findings.extend(span::ends(closing, role, grant));
                self.findings.extend(broad(role, grant, registry, (basis.zone, basis.now)));
            }
            self.trust.push(trust);
        }
        if let Some(seen) = basis.seen {
            self.tighten(role, grants, registry, seen);
        }
    }

    fn tighten(&mut self, role: &Role, grants: &[Grant<'_>], registry: Registry<'_>, seen: &Seen) {
        let mut untightened = |why: String| self.untightened.push(Untightened { role: role.arn.clone(), why });
        if seen.is_crowded(&role.arn) {
            untightened("more identities were seen than a policy can name".to_owned());
            return;
        }
        match tighten(role, grants, seen.of(&role.arn), registry) {
            Ok(narrower) => {
                let subject = narrower.out.claims.get("sub").and_then(serde_json::Value::as_str).unwrap_or("(none)");
                let message = format!("it admits `{subject}` too, whom nobody saw");
                let about = About::Role(role.arn.clone());
                let finding = Finding::new(Rule::Own(Own::WiderThanSeen), about, message, &[]);
                let mut finding = finding.in_place(role.place.as_ref()).shown_by(&narrower.out);
                finding.document = Some(narrower.document);
                self.findings.push(finding);
            }
            Err(NoTightening::Tight) => {}
            Err(why) => untightened(why.to_string()),
        }
    }

    /// How many findings are of a level.
    pub fn count(&self, level: Level) -> usize {
        self.findings.iter().filter(|f| f.level == level).count()
    }

    /// The same about one role alone, by its ARN, or about each that has this name; `None` where none was read.
    pub fn of_role(&self, inventory: &Inventory, wanted: &str) -> Option<Self> {
        let named = inventory.roles.iter().filter(|r| r.arn == wanted || r.name == wanted);
        let arns: BTreeSet<&str> = named.map(|r| r.arn.as_str()).collect();
        if arns.is_empty() {
            return None;
        }
        let mut one = self.clone();
        one.trust.retain(|t| arns.contains(t.role.as_str()));
        one.findings.retain(|f| matches!(&f.about, About::Role(arn) if arns.contains(arn.as_str())));
        one.untightened.retain(|u| arns.contains(u.role.as_str()));
        Some(one)
    }
}

/// What a Deny of the same policy takes away, as it is written.
fn denied(statement: &DocumentStatement) -> String {
    let asks = |c: &DocumentCondition| format!("{} {} {}", c.key, c.operator, c.values.join(" | "));
    let all: Vec<String> = statement.conditions.iter().map(asks).collect();
    if all.is_empty() { "a Deny without conditions".to_owned() } else { format!("no Deny: {}", all.join(" and ")) }
}

/// Who can assume a role by one grant, as it is written.
fn trust(role: &Role, grant: &Grant<'_>) -> Trust {
    let issuer = grant.trusted.issuer();
    let (mut subjects, mut audiences, mut further) = (Vec::new(), Vec::new(), Vec::new());
    for condition in &grant.written.conditions {
        let claim = issuer.and_then(|i| claim_of(&condition.key, i)).map(str::to_ascii_lowercase);
        let target = match claim.as_deref() {
            Some("sub" | "user_id" | "id") => &mut subjects,
            Some("aud" | "app_id") => &mut audiences,
            Some(_) | None => {
                further.push(format!("{} {} {}", condition.key, condition.operator, condition.values.join(" | ")));
                continue;
            }
        };
        let plain = Operator::parse(&condition.operator).filter(|o| {
            let compares = matches!(o.comparison, Comparison::StringEquals | Comparison::StringLike);
            compares && !o.negated && !o.if_exists && o.quantifier.is_none()
        });
        let shown = |value: &String| match plain {
            // A star under StringEquals is a star.
            Some(o) if o.comparison == Comparison::StringLike || !value.contains(['*', '?']) => value.clone(),
            Some(_) | None => format!("{} {value}", condition.operator),
        };
        target.extend(condition.values.iter().map(shown));
    }
    further.extend(role.document.statements.iter().filter(|s| s.effect == Some(Effect::Deny)).map(denied));
    Trust {
        role: role.arn.clone(),
        account: role.account.clone(),
        statement: grant.statement,
        provider: grant.trusted.name().to_owned(),
        issuer: issuer.map(str::to_owned),
        subjects,
        audiences,
        further,
        standing: Standing::Open,
        why: None,
    }
}
