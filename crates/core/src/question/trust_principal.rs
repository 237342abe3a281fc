//! Why no statement speaks of this identity at all: nobody like it is trusted, or for another action.

use crate::cause::Cause;
use trustwalk_trust_policy::{DocumentStatement, Principals};

use super::facts::{arn_parts, eks_issuer};
use super::trust::{Case, WEB_IDENTITY, federated};
use super::{Draft, Judged, policy_edit, trust_repair};

/// No statement is for web identities.
pub(super) fn lacks_statement(case: &Case<'_>) -> Draft {
    let who: Vec<String> = case
        .document
        .statements
        .iter()
        .filter_map(|s| match s.principal.as_ref().map(|p| &p.principals) {
            Some(Principals::Listed(list)) => Some(list.iter().map(|(_, v)| v.clone()).collect::<Vec<_>>().join(", ")),
            Some(Principals::Everyone | Principals::Unusable(_)) | None => None,
        })
        .collect();
    let draft = Draft::new(format!(
        "the trust policy of {} has no statement for web identities: it trusts only {}",
        case.role.arn,
        if who.is_empty() { "nobody".to_owned() } else { who.join("; ") }
    ))
    .show("needed", format!("Federated {} with {WEB_IDENTITY}", case.provider_arn), "token iss")
    .show("trusted", who.join("; "), format!("{} AssumeRolePolicyDocument.Statement[*].Principal", case.role.arn));
    case.repaired(draft, "add a statement for exactly this identity", trust_repair::own_statement(case, None))
}

/// The statement for the provider allows something else.
pub(super) fn wrong_action(case: &Case<'_>, ours: &[(usize, &DocumentStatement)]) -> Judged {
    let Some((index, statement)) = ours.first().copied() else { return Judged::default() };
    let actions = statement.action.as_ref().map(|a| a.values.join(", ")).unwrap_or_default();
    let draft = Draft::new(format!(
        "the statement for {} in the trust policy of {} allows `{actions}`, and a web identity needs {WEB_IDENTITY}",
        case.provider_arn, case.role.arn
    ))
    .show("action needed", WEB_IDENTITY, "sts:AssumeRoleWithWebIdentity")
    .show("action allowed", actions, case.origin(index, "Action"));
    let fixed = policy_edit::let_act(&case.role.trust_policy, index, WEB_IDENTITY);
    Judged::one(Cause::TrustPolicyWrongAction, case.repaired(draft, "let the statement allow the action", fixed))
}

/// The statements for web identities name other providers.
#[expect(clippy::wildcard_enum_match_arm, reason = "the other causes have the sentence that says what is seen")]
pub(super) fn wrong_principal(case: &Case<'_>, web: &[(usize, &DocumentStatement)]) -> Judged {
    // The one that names nearly our provider is the one meant.
    let all = web.iter().flat_map(|(i, s)| federated(s).into_iter().map(move |f| (*i, f)));
    let Some((index, found)) = all.max_by_key(|(i, f)| (likeness(f, &case.provider_arn), std::cmp::Reverse(*i))) else {
        return Judged::default();
    };
    let rule = principal_reason(case, found);
    let arn = &case.role.arn;
    let sentence = match rule {
        Cause::FederatedArnWrongAccount => format!(
            "the trust policy of {arn} names the provider of another account: `{found}` instead of `{}`",
            case.provider_arn
        ),
        Cause::ClusterRecreatedNewIssuerId => format!(
            "the trust policy of {arn} trusts the issuer of an earlier cluster, `{found}`; this cluster's is `{}`",
            case.path
        ),
        Cause::FederatedPrincipalMalformed => {
            format!("the Federated principal `{found}` in the trust policy of {arn} is not the ARN of an OIDC provider")
        }
        Cause::HttpsPrefixInArnOrConditionKey => format!(
            "the Federated principal `{found}` in the trust policy of {arn} contains https://, which a provider's ARN never does"
        ),
        Cause::WrongRegionInIssuerHost => format!(
            "the Federated principal `{found}` in the trust policy of {arn} has another region than the issuer `{}`",
            case.path
        ),
        Cause::IssuerTrailingSlashMismatch => format!(
            "the Federated principal `{found}` in the trust policy of {arn} differs from the issuer `{}` by a trailing slash",
            case.path
        ),
        _ if found.eq_ignore_ascii_case(&case.provider_arn) => format!(
            "the Federated principal `{found}` in the trust policy of {arn} differs from `{}` in letter case, which counts",
            case.provider_arn
        ),
        _ => format!("the trust policy of {arn} trusts `{found}`, and the token comes from `{}`", case.path),
    };
    let draft = Draft::new(sentence)
        .show("token iss", format!("https://{}", case.path), case.token.origin.clone())
        .show("provider", case.provider_arn.clone(), "IAM")
        .show("Federated", found, case.origin(index, "Principal.Federated"));
    let old_path = arn_parts(found).and_then(|(_, _, r)| r.strip_prefix("oidc-provider/")).unwrap_or(found);
    let cured = if in_use(case, index, found) {
        // Whoever comes through the other provider keeps the statement that lets it in.
        case.repaired(draft, "add a statement for exactly this identity", trust_repair::own_statement(case, None))
    } else {
        let policy = &case.role.trust_policy;
        let fixed = policy_edit::replace_issuer(policy, index, found, &case.provider_arn, old_path, case.path);
        case.repaired(draft, "name this issuer's provider, in the condition keys too", fixed)
    };
    Judged::one(rule, cured)
}

/// Whether a principal may admit somebody: a provider of this account, or one of which that is not known.
/// Another account's cannot (IAM User Guide, roles for OIDC federation).
fn in_use(case: &Case<'_>, index: usize, found: &str) -> bool {
    // Conditions on our issuer's keys are met by none of the other's tokens.
    let own = format!("{}:", case.path.to_lowercase());
    let statement = case.document.statements.get(index);
    if statement.is_some_and(|s| s.conditions.iter().any(|c| c.key.to_lowercase().starts_with(&own))) {
        return false;
    }
    let Some((_, account, resource)) = arn_parts(found) else { return !found.contains(case.path) };
    let ours = arn_parts(&case.provider_arn).is_some_and(|(_, a, _)| a == account);
    if resource.starts_with("saml-provider/") {
        return true;
    }
    ours && !resource.contains("://") && case.e.providers().known().is_none_or(|all| all.iter().any(|p| p == found))
}

/// How much of two texts agrees at their ends.
pub(super) fn likeness(a: &str, b: &str) -> usize {
    let front = a.chars().zip(b.chars()).take_while(|(x, y)| x == y).count();
    let back = a.chars().rev().zip(b.chars().rev()).take_while(|(x, y)| x == y).count();
    front + back
}

fn principal_reason(case: &Case<'_>, found: &str) -> Cause {
    if found.contains("https://") {
        return Cause::HttpsPrefixInArnOrConditionKey;
    }
    let builtin = ["accounts.google.com", "cognito-identity.amazonaws.com", "www.amazon.com", "graph.facebook.com"];
    let Some((_, account, resource)) = arn_parts(found) else {
        return if builtin.contains(&found) {
            Cause::FederatedArnWrongProvider
        } else {
            Cause::FederatedPrincipalMalformed
        };
    };
    let Some(path) = resource.strip_prefix("oidc-provider/") else {
        return if resource.starts_with("saml-provider/") {
            Cause::FederatedArnWrongProvider
        } else {
            Cause::FederatedPrincipalMalformed
        };
    };
    let ours = arn_parts(&case.provider_arn).map(|(_, a, _)| a).unwrap_or_default();
    if path == case.path {
        return if account == ours { Cause::FederatedPrincipalMalformed } else { Cause::FederatedArnWrongAccount };
    }
    if path.trim_end_matches('/') == case.path.trim_end_matches('/') {
        return Cause::IssuerTrailingSlashMismatch;
    }
    if let (Some((region, id)), Some((our_region, our_id))) = (eks_issuer(path), eks_issuer(case.path)) {
        if id == our_id && region != our_region {
            return Cause::WrongRegionInIssuerHost;
        }
        let newer = case.e.cluster().known().is_some_and(|c| c.created > case.role.created && case.role.created > 0);
        if id != our_id && newer {
            return Cause::ClusterRecreatedNewIssuerId;
        }
    }
    if case.path.strip_prefix(path).is_some_and(|rest| rest.starts_with('/')) {
        return Cause::EnterpriseIssuerPathMissingInConditionKey;
    }
    Cause::FederatedArnWrongProvider
}
