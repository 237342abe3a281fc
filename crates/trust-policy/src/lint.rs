//! The checks that IAM makes when a trust policy is saved.
//!
//! IAM documents few of its texts; each variant says where its text is known from.

use crate::document::{Document, DocumentStatement, Effect, ListElement, PrincipalKind, Principals};
use crate::operator::{Comparison, Operator};
use serde::Serialize;

/// Characters that a trust policy may have, white space outside strings not counted (DOC: IAM
/// User Guide, "IAM and AWS STS quotas"; raisable to 4,096).
pub const TRUST_POLICY_QUOTA: usize = 2_048;

/// What the checks depend on besides the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaveContext {
    /// The account's quota, in characters.
    pub size_quota: usize,
    /// The account that will own the role, to tell a provider of another account.
    pub account: Option<String>,
}

impl Default for SaveContext {
    fn default() -> Self {
        Self { size_quota: TRUST_POLICY_QUOTA, account: None }
    }
}

/// Why IAM refuses to save a document. The texts are IAM's own where they are known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize)]
#[serde(tag = "error", rename_all = "kebab-case")]
pub enum SaveError {
    /// The document is over the quota (text REPORTED).
    #[error("Cannot exceed quota for ACLSizePerRole: {quota}")]
    TooLong {
        /// Counted characters.
        length: usize,
        /// The quota.
        quota: usize,
    },
    /// No statement, or an element that the language lacks (text unconfirmed).
    #[error("Syntax errors in policy.")]
    Syntax {
        /// Index of the statement, or nothing for the document.
        statement: Option<usize>,
        /// The element at fault.
        element: String,
    },
    /// An element is missing (text REPORTED for `Principal`).
    #[error("Missing required field {element}")]
    MissingElement {
        /// Index of the statement.
        statement: usize,
        /// The element.
        element: &'static str,
    },
    /// `Resource` has no place in a trust policy (text REPORTED).
    #[error("Has prohibited field Resource")]
    ProhibitedResource {
        /// Index of the statement.
        statement: usize,
    },
    /// The operator does not exist (text REPORTED).
    #[error("Invalid Condition type : {operator}")]
    InvalidConditionType {
        /// Index of the statement.
        statement: usize,
        /// The operator as written.
        operator: String,
    },
    /// An action is none of STS's role assumption ones (text REPORTED by emulators).
    #[error("AssumeRole policy may only specify STS AssumeRole actions.")]
    ForeignAction {
        /// Index of the statement.
        statement: usize,
        /// The action.
        action: String,
    },
    /// A federated principal is neither a provider's ARN nor a domain name (text REPORTED).
    #[error("Federated principals must be valid domain names or SAML metadata ARNs")]
    InvalidFederated {
        /// Index of the statement.
        statement: usize,
        /// The value.
        value: String,
    },
    /// The principal is no principal (text REPORTED by emulators).
    #[error("AssumeRolepolicy contained an invalid principal: {value}.")]
    InvalidPrincipal {
        /// Index of the statement.
        statement: usize,
        /// The value.
        value: String,
    },
    /// A statement allows a provider that many customers share without evaluating the claim that
    /// tells them apart (DOC: IAM User Guide, "Identity-provider controls for shared OIDC
    /// providers"). IAM's own text is unknown.
    #[error("the shared provider {issuer} needs a condition on {key}")]
    SharedIssuerUnguarded {
        /// Index of the statement.
        statement: usize,
        /// The provider.
        issuer: String,
        /// The condition key that must be evaluated.
        key: String,
    },
}

impl SaveError {
    /// The error's code in IAM's answer (the guard's is presumed).
    pub fn code(&self) -> &'static str {
        if matches!(self, Self::TooLong { .. }) { "LimitExceeded" } else { "MalformedPolicyDocument" }
    }
}

impl Document {
    /// All reasons for which IAM would refuse to save this as a trust policy, in order of
    /// statements. IAM itself names only one.
    pub fn lint(&self, context: &SaveContext) -> Vec<SaveError> {
        let mut errors = Vec::new();
        if self.counted_length > context.size_quota {
            errors.push(SaveError::TooLong { length: self.counted_length, quota: context.size_quota });
        }
        if self.statements.is_empty() {
            errors.push(SaveError::Syntax { statement: None, element: "Statement".to_owned() });
        }
        errors.extend(self.unknown.iter().map(|e| SaveError::Syntax { statement: None, element: e.clone() }));
        for (index, statement) in self.statements.iter().enumerate() {
            lint_statement(index, statement, context, &mut errors);
        }
        errors
    }
}

fn lint_statement(index: usize, s: &DocumentStatement, context: &SaveContext, errors: &mut Vec<SaveError>) {
    let unknown = s.unknown.iter().map(|e| SaveError::Syntax { statement: Some(index), element: e.clone() });
    errors.extend(unknown);
    if s.resource.is_some() {
        errors.push(SaveError::ProhibitedResource { statement: index });
    }
    let required =
        [("Effect", s.effect.is_some()), ("Principal", s.principal.is_some()), ("Action", s.action.is_some())];
    let missing = required.into_iter().filter(|(_, present)| !present);
    errors.extend(missing.map(|(element, _)| SaveError::MissingElement { statement: index, element }));
    let foreign = s.action.iter().filter(|a| !a.negated).flat_map(|a| &a.values).filter(|a| !is_sts(a));
    errors.extend(foreign.map(|a| SaveError::ForeignAction { statement: index, action: a.clone() }));
    lint_principals(index, s, context, errors);
    let bad = s.conditions.iter().filter(|c| Operator::parse(&c.operator).is_none());
    let mut reported: Vec<&str> = Vec::new();
    for condition in bad {
        if !reported.contains(&condition.operator.as_str()) {
            reported.push(&condition.operator);
            let operator = condition.operator.clone();
            errors.push(SaveError::InvalidConditionType { statement: index, operator });
        }
    }
}

/// Actions that a trust policy may name: STS's, with or without wildcards after the service.
fn is_sts(action: &str) -> bool {
    action == "*" || action.split_once(':').is_some_and(|(service, _)| service.eq_ignore_ascii_case("sts"))
}

fn lint_principals(index: usize, s: &DocumentStatement, context: &SaveContext, errors: &mut Vec<SaveError>) {
    let Some(element) = &s.principal else { return };
    let listed = match &element.principals {
        Principals::Everyone => return,
        Principals::Unusable(value) => {
            errors.push(SaveError::InvalidPrincipal { statement: index, value: value.clone() });
            return;
        }
        Principals::Listed(listed) => listed,
    };
    if listed.is_empty() {
        errors.push(SaveError::InvalidPrincipal { statement: index, value: String::new() });
    }
    for (_, value) in listed.iter().filter(|(kind, _)| *kind == PrincipalKind::Federated) {
        if !valid_federated(value) {
            errors.push(SaveError::InvalidFederated { statement: index, value: value.clone() });
        } else if s.effect == Some(Effect::Allow) && !element.negated && allows_web_identity(s.action.as_ref()) {
            let account = value.split(':').nth(4);
            // Another account's provider can never be used, whatever its conditions.
            if context.account.is_none() || !value.starts_with("arn:") || account == context.account.as_deref() {
                guard_shared(index, value, s, errors);
            }
        }
    }
    for (_, value) in listed.iter().filter(|(kind, v)| *kind != PrincipalKind::Federated && v.is_empty()) {
        errors.push(SaveError::InvalidPrincipal { statement: index, value: value.clone() });
    }
}

fn allows_web_identity(action: Option<&ListElement>) -> bool {
    action.is_some_and(|a| crate::statement::action_applies(a, crate::request::WEB_IDENTITY_ACTION))
}

fn valid_federated(value: &str) -> bool {
    let domain =
        |text: &str| text.contains('.') && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'));
    let mut parts = value.splitn(6, ':');
    match (parts.next(), parts.nth(1), parts.nth(1), parts.next()) {
        (Some("arn"), Some("iam"), Some(account), Some(resource)) => {
            let named = |kind| resource.strip_prefix(kind).is_some_and(|n: &str| !n.is_empty() && !n.contains("://"));
            account.len() == ACCOUNT_DIGITS
                && account.bytes().all(|b| b.is_ascii_digit())
                && (named("oidc-provider/") || named("saml-provider/"))
        }
        _ => value == "*" || domain(value),
    }
}

/// Digits of an account number.
const ACCOUNT_DIGITS: usize = 12;

/// Providers shared by many customers and the key that must be evaluated (DOC: IAM User Guide,
/// "Identity-provider controls for shared OIDC providers").
const SHARED: &[(&str, &str)] = &[
    ("token.actions.githubusercontent.com", "sub"),
    ("vstoken.actions.githubusercontent.com", "sub"),
    ("oidc-configuration.audit-log.githubusercontent.com", "sub"),
    ("gitlab.com", "sub"),
    ("agent.buildkite.com", "sub"),
    ("oidc.codefresh.io", "sub"),
    ("studio.datachain.ai/api", "sub"),
    ("scalr.io", "sub"),
    ("tokens.cloud.shisho.dev", "sub"),
    ("app.terraform.io", "sub"),
    ("proidc.upbound.io", "sub"),
    ("cognito-identity.amazonaws.com", "aud"),
    ("api.pulumi.com/oidc", "aud"),
    ("sandboxes.cloud", "aud"),
    ("oidc.vercel.com", "aud"),
    ("sts.windows.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d", "sts:RoleSessionName"),
];

fn guard_shared(index: usize, value: &str, s: &DocumentStatement, errors: &mut Vec<SaveError>) {
    let issuer = crate::claims::issuer_path(value).unwrap_or(value);
    let bare = issuer.trim_end_matches('/');
    let shared = SHARED.iter().find(|(host, _)| bare == *host || is_vercel_team(bare, host));
    let Some((_, claim)) = shared else { return };
    let key = if claim.contains(':') { (*claim).to_owned() } else { format!("{issuer}:{claim}") };
    if !s.conditions.iter().any(|c| c.key.eq_ignore_ascii_case(&key) && narrows(&c.operator, &c.values)) {
        errors.push(SaveError::SharedIssuerUnguarded { statement: index, issuer: issuer.to_owned(), key });
    }
}

/// Vercel's issuers carry the team after the host; the host is what the table names.
fn is_vercel_team(issuer: &str, host: &str) -> bool {
    host == "oidc.vercel.com" && issuer.split('/').next() == Some(host)
}

/// Whether a condition really evaluates its key: a positive comparison whose values are not all
/// wildcards (REPORTED reading of the guard's page).
fn narrows(operator: &str, values: &[String]) -> bool {
    let Some(operator) = Operator::parse(operator) else { return false };
    operator.comparison != Comparison::Null
        && !operator.negated
        && !values.is_empty()
        && !values.iter().any(|v| v.chars().all(|c| matches!(c, '*' | '?' | ':' | '/')))
}
