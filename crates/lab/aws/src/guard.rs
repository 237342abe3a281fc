//! The guard of shared issuers: a trust policy for an issuer that serves many tenants must ask
//! which tenant (IAM User Guide, "Identity-provider controls for shared OIDC providers").

use serde_json::Value;

use crate::policy::one_or_many;

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

/// The issuer of a shared provider that an allowing statement trusts without asking for its
/// tenant, with the key that should have been asked.
pub(crate) fn open_to_all(statement: &Value) -> Option<(String, String)> {
    if statement.get("Effect").and_then(Value::as_str) != Some("Allow") {
        return None;
    }
    one_or_many(statement.get("Principal")?.get("Federated")).iter().find_map(|federated| {
        let issuer = federated.split_once(":oidc-provider/").map_or(federated.as_str(), |(_, url)| url);
        let (issuer, claim) = SHARED.iter().find(|(shared, _)| *shared == issuer)?;
        let key = if claim.contains(':') { (*claim).to_owned() } else { format!("{issuer}:{claim}") };
        (!asks(statement, &key)).then(|| ((*issuer).to_owned(), key))
    })
}

/// Whether a condition evaluates the key; a value of wildcards alone says nothing (reported).
fn asks(statement: &Value, key: &str) -> bool {
    let operators = statement.get("Condition").and_then(Value::as_object);
    let entries = operators.into_iter().flatten().filter_map(|(operator, entries)| {
        let positive = !operator.to_ascii_lowercase().contains("not") && !operator.eq_ignore_ascii_case("null");
        entries.as_object().filter(|_| positive)
    });
    entries.flatten().any(|(name, values)| {
        let values = one_or_many(Some(values));
        name.eq_ignore_ascii_case(key)
            && !values.is_empty()
            && values.iter().all(|v| v.chars().any(|c| !matches!(c, '*' | '?')))
    })
}
