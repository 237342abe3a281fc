//! The guard of shared issuers: a trust policy for an issuer that serves many tenants must ask
//! which tenant (IAM User Guide, "Identity-provider controls for shared OIDC providers").

use serde_json::Value;

use crate::language::one_or_many;

/// Shared issuers and the claim that tells their tenants apart, as that page lists them.
const SHARED: [(&str, &str); 16] = [
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

/// Why IAM refuses a statement that trusts a shared issuer without asking for its tenant. For GitHub the workflow
/// stands in for the subject; words and that are reported, as are Cognito's.
pub(crate) fn open_to_all(statement: &Value) -> Option<String> {
    if statement.get("Effect").and_then(Value::as_str) != Some("Allow") {
        return None;
    }
    one_or_many(statement.get("Principal")?.get("Federated")).iter().find_map(|federated| {
        let issuer = federated.split_once(":oidc-provider/").map_or(federated.as_str(), |(_, url)| url);
        let (issuer, claim) = SHARED.iter().find(|(shared, _)| *shared == issuer)?;
        let key = if claim.contains(':') { (*claim).to_owned() } else { format!("{issuer}:{claim}") };
        let keys = match *issuer {
            "token.actions.githubusercontent.com" => vec![key, format!("{issuer}:job_workflow_ref")],
            _ => vec![key],
        };
        if keys.iter().any(|key| asks(statement, key)) {
            return None;
        }
        if issuer.starts_with("cognito-identity.") {
            return Some("A condition block must be present for the Cognito provider".to_owned());
        }
        Some(format!(
            "Trust policy with trusted principal {federated} must evaluate, using StringEquals, StringLike or \
             StringEqualsIgnoreCase, {} which is not scoped to all.",
            keys.join(" or ")
        ))
    })
}

/// Whether a condition evaluates the key; a value of wildcards alone says nothing (reported).
fn asks(statement: &Value, key: &str) -> bool {
    let operators = statement.get("Condition").and_then(Value::as_object);
    let entries = operators.into_iter().flatten().filter_map(|(operator, entries)| {
        let counts = ["StringEquals", "StringLike", "StringEqualsIgnoreCase"].contains(&operator.as_str());
        entries.as_object().filter(|_| counts)
    });
    entries.flatten().any(|(name, values)| {
        let values = one_or_many(Some(values));
        name.eq_ignore_ascii_case(key)
            && !values.is_empty()
            && values.iter().all(|v| v.chars().any(|c| !matches!(c, '*' | '?')))
    })
}
