//! Providers that many customers share, and the claim that a policy must evaluate.

use super::SaveError;
use crate::document::DocumentStatement;
use crate::operator::{Comparison, Operator};

/// Issuers shared by many tenants, and the claim that IAM wants a trust policy to evaluate before it saves it; one with
/// a colon is a key by itself (IAM User Guide, "Identity-provider controls for shared OIDC providers").
pub const SHARED_ISSUERS: &[(&str, &str)] = &[
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

pub(super) fn guard(index: usize, value: &str, s: &DocumentStatement, errors: &mut Vec<SaveError>) {
    let issuer = crate::claims::issuer_path(value).unwrap_or(value);
    let bare = issuer.trim_end_matches('/');
    let shared = SHARED_ISSUERS.iter().find(|(host, _)| bare == *host || is_vercel_team(bare, host));
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
