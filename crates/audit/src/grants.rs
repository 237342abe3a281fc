//! The trust that a role gives to web identities: one grant for each statement and each provider that it names.

use trustwalk_trust_policy::{
    BUILT_IN_PROVIDERS, Context, Decision, Document, DocumentStatement, Effect, Identity, Policy, Principal,
    PrincipalKind, Principals, ProviderArn, Request, WEB_IDENTITY_ACTION,
};

use crate::inventory::Role;

/// Whose tokens a statement takes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Trusted {
    /// A registered provider's.
    Provider {
        /// Its ARN.
        arn: String,
        /// Its account.
        account: String,
        /// Its issuer without scheme.
        issuer: String,
    },
    /// Those of a provider that IAM knows without registration.
    BuiltIn(&'static str),
    /// Of all providers.
    Any,
    /// What stands there is no name of a provider.
    Malformed(String),
}

impl Trusted {
    /// The name under `Federated`.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Provider { arn, .. } => arn,
            Self::BuiltIn(name) => name,
            Self::Any => "*",
            Self::Malformed(text) => text,
        }
    }

    /// The issuer without scheme, where it is one.
    pub(crate) fn issuer(&self) -> Option<&str> {
        match self {
            Self::Provider { issuer, .. } => Some(issuer),
            Self::BuiltIn(name) => Some(name),
            Self::Any | Self::Malformed(_) => None,
        }
    }
}

/// One statement of a role and one provider that it trusts.
#[derive(Debug, Clone)]
pub(crate) struct Grant<'a> {
    /// Position of the statement.
    pub(crate) statement: usize,
    /// The statement.
    pub(crate) written: &'a DocumentStatement,
    /// Whom it trusts.
    pub(crate) trusted: Trusted,
}

impl Grant<'_> {
    /// An identity of the provider of which nothing is known.
    pub(crate) fn anybody(&self) -> Identity {
        Identity::new(self.trusted.name()).partly_known()
    }

    /// The policy with this statement alone of those that allow, and all that deny.
    pub(crate) fn alone(&self, document: &Document) -> Policy {
        let denies = document.statements.iter().filter(|s| s.effect == Some(Effect::Deny)).cloned();
        let statements = std::iter::once(self.written.clone()).chain(denies).collect();
        Policy::from(Document { version: document.version, statements, ..Document::default() })
    }
}

/// Everything that a role trusts.
pub(crate) fn grants(role: &Role) -> Vec<Grant<'_>> {
    let mut all = Vec::new();
    let allows = role.document.statements.iter().enumerate().filter(|(_, s)| s.effect == Some(Effect::Allow));
    for (statement, written) in allows {
        if !lets_exchange(written) {
            continue;
        }
        for trusted in trusted(written, role) {
            let grant = Grant { statement, written, trusted };
            let double = |g: &Grant<'_>| g.statement == statement && g.trusted == grant.trusted;
            if !all.iter().any(double) {
                all.push(grant);
            }
        }
    }
    all
}

/// Whether a statement allows the exchange to somebody.
fn lets_exchange(written: &DocumentStatement) -> bool {
    let Some(action) = written.action.as_ref() else { return false };
    if !action.negated && action.values.iter().any(|a| a.eq_ignore_ascii_case(WEB_IDENTITY_ACTION)) {
        return true;
    }
    // Patterns and `NotAction` are the evaluator's.
    let bare = DocumentStatement {
        effect: Some(Effect::Allow),
        principal: Some(trustwalk_trust_policy::PrincipalElement { negated: false, principals: Principals::Everyone }),
        action: written.action.clone(),
        ..DocumentStatement::default()
    };
    let policy = Policy::from(Document { statements: vec![bare], ..Document::default() });
    policy.evaluate(&Request::new(WEB_IDENTITY_ACTION, Principal::Anonymous, Context::new())) == Decision::Allow
}

fn trusted(written: &DocumentStatement, role: &Role) -> Vec<Trusted> {
    let Some(element) = written.principal.as_ref() else { return Vec::new() };
    let listed = match &element.principals {
        Principals::Everyone if !element.negated => return any(written, role),
        Principals::Listed(listed) if !element.negated => listed,
        Principals::Listed(_) | Principals::Unusable(_) if element.negated => return any(written, role),
        Principals::Everyone | Principals::Unusable(_) | Principals::Listed(_) => return Vec::new(),
    };
    let mut all = Vec::new();
    for (kind, value) in listed {
        match kind {
            // For AWS, `*` is everybody (IAM User Guide, "Principal").
            PrincipalKind::Federated | PrincipalKind::Aws if value == "*" => all.extend(any(written, role)),
            PrincipalKind::Federated => all.extend(federated(value)),
            PrincipalKind::Aws | PrincipalKind::Service | PrincipalKind::CanonicalUser => {}
        }
    }
    all
}

/// All providers; and those whose claims the statement asks for, which narrows it to them.
fn any(written: &DocumentStatement, role: &Role) -> Vec<Trusted> {
    let mut all = vec![Trusted::Any];
    for key in written.conditions.iter().map(|c| c.key.as_str()) {
        let Some((issuer, claim)) = key.rsplit_once(':') else { continue };
        if claim.contains('/') || !issuer.contains('.') {
            continue;
        }
        let account = role.account.as_deref().unwrap_or("111122223333");
        let found = match BUILT_IN_PROVIDERS.iter().find(|name| **name == issuer) {
            Some(name) => Some(Trusted::BuiltIn(name)),
            None => federated(&format!("arn:{}:iam::{account}:oidc-provider/{issuer}", role.partition())),
        };
        all.extend(found.filter(|f| !all.contains(f)));
    }
    all
}

/// A value of `Federated`; nothing for a provider of SAML, whose exchange is another.
fn federated(value: &str) -> Option<Trusted> {
    if let Some(name) = BUILT_IN_PROVIDERS.iter().find(|name| **name == value) {
        return Some(Trusted::BuiltIn(name));
    }
    if value.contains(":saml-provider/") {
        return None;
    }
    Some(match ProviderArn::parse(value) {
        Some(read) => Trusted::Provider {
            arn: value.to_owned(),
            account: read.account.to_owned(),
            issuer: read.issuer.to_owned(),
        },
        None => Trusted::Malformed(value.to_owned()),
    })
}
