//! The audience that a token carries and a provider does not have: which of the two is meant, and what is to be
//! changed.

use trustwalk_foreign::{shell, snippet};

use super::facts::{bare, effective_audience, eks_issuer, partition, role_account};
use super::trust_subject::audience_rule;
use super::{Draft, Judged, client_id, foreseen, names, preset, trust, vouch};
use crate::cause::Cause;
use crate::evidence::{AUDIENCE_ANNOTATION, DEFAULT_AUDIENCE, Provider, TokenClaims, TokenSource, TokenVolume, View};
use crate::finding::Confidence;
use crate::plan::{Action, ways};

/// The cause of an audience that the provider does not have.
pub(super) fn reason(provider: &Provider, token: &TokenClaims, aud: &str) -> Cause {
    if token.azp.is_some() && token.aud.iter().any(|a| provider.client_ids.contains(a)) {
        return Cause::AzpClaimUsedAsAudience;
    }
    if aud.contains("kubernetes.default.svc") || token.iss.as_deref() == Some(aud) {
        return Cause::WrongTokenFileKubernetesDefaultToken;
    }
    if let Some((rule, _)) = provider.client_ids.iter().find_map(|c| audience_rule(aud, c)) {
        return rule;
    }
    if audience_rule(aud, "sts.amazonaws.com").is_some() && aud != "sts.amazonaws.com.cn" {
        return Cause::AudienceConfusedWithStsEndpoint;
    }
    // Tools whose default audience is known to have changed (sigstore's clients).
    if aud == "sigstore" || provider.client_ids.iter().any(|c| c == "sigstore") {
        return Cause::AudienceDefaultChangedByTool;
    }
    Cause::AudienceNotInProviderClientIds
}

/// STS refused the audience of a token that is known, and nobody read what is registered: the value tells which of the
/// causes is near, and where it tells nothing, both are named between which only the list decides.
pub(super) fn refused(e: &View<'_>) -> Option<Judged> {
    let token = e.token().known()?;
    let exchange = e.exchange().known().filter(|x| x.assumed.is_none())?;
    let (aud, iss) = (effective_audience(token)?, token.iss.as_deref()?);
    let cause = reason(&Provider::default(), token, aud);
    let said = [exchange.code.as_deref().unwrap_or_default(), exchange.message.as_deref().unwrap_or_default()];
    let have = client_id::written(aud);
    let list = list(e, iss);
    let decide = format!("the audiences that are registered: `{list}`");
    let title = if cause == Cause::AudienceNotInProviderClientIds {
        "compare the token's audience with those that are registered"
    } else {
        "ask for tokens with an audience that is registered"
    };
    let draft = |sentence: String, sure: Confidence| {
        Draft::new(sentence)
            .show("token aud", have.clone(), token.origin.clone())
            .show("STS", said.join(": "), exchange.endpoint.clone())
            .unsure(sure, decide.clone())
            .cure(title, &[("aws", list.clone())])
    };
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other causes are not told by the value alone")]
    let told = match cause {
        Cause::AudienceConfusedWithStsEndpoint => {
            format!("the token's audience `{have}` is an address of STS and no audience, and STS does not know it")
        }
        Cause::WrongTokenFileKubernetesDefaultToken => {
            format!("the token's audience `{have}` is the cluster's own: it is no token for AWS, and STS refuses it")
        }
        _ => {
            let alone = if token.azp.is_some() { Cause::AzpClaimUsedAsAudience } else { cause };
            let words = format!("STS does not find the token's audience `{have}` among those registered for {iss}");
            let mut judged = Judged::one(alone, draft(words, Confidence::Possible));
            let slip =
                format!("an audience that only looks like `{have}` may be registered, with what nobody sees in it");
            judged.push(Cause::ClientIdWithInvisibleCharacters, draft(slip, Confidence::Possible));
            return Some(judged);
        }
    };
    Some(Judged::one(cause, draft(told, Confidence::Likely)))
}

/// The command that lists what is registered for an issuer.
fn list(e: &View<'_>, iss: &str) -> String {
    let arn = role_account(e).map_or_else(
        || "PROVIDER-ARN".to_owned(),
        |account| format!("arn:{}:iam::{account}:oidc-provider/{}", partition(e), bare(iss)),
    );
    let template = "aws iam get-open-id-connect-provider --open-id-connect-provider-arn {} --query ClientIDList";
    shell::line(template, &[&arn])
}

/// The finding, with the cure that heals it.
pub(super) fn lacking(e: &View<'_>, provider: &Provider, token: &TokenClaims, aud: &str) -> Draft {
    let ids = client_id::listed(&provider.client_ids);
    let arn = &provider.arn;
    let have = client_id::written(aud);
    let draft = Draft::new(format!("the token's audience `{have}` is not among those registered with {arn} ({ids})"))
        .show("token aud", have, token.origin.clone())
        .show("registered audiences", ids, format!("{arn} ClientIDList"));

    let iss = format!("https://{}", provider.url.trim_start_matches("https://"));
    if let Some(doubt) = vouch::doubt(e, &iss) {
        return vouch::question(e, draft, &doubt);
    }
    let meant = wanted(e, provider, aud);
    if let Wanted::Instead(value) = meant
        && let Some(action) = asks_for(e, aud, value)
    {
        let title = "let the token carry an audience that the provider knows, then recreate the pods";
        let by_hand = ways(e, &action);
        return draft.act(title, vec![action], &by_hand);
    }
    if meant != Wanted::Itself
        && let Some((_, file, volume)) = preset::volume(e).filter(|(_, _, v)| v.audience == aud)
    {
        return of_another(draft, provider, file, volume);
    }
    let for_aws = aud == DEFAULT_AUDIENCE || aud == "sts.amazonaws.com.cn" || !in_kubernetes(token);
    if meant == Wanted::Itself || (for_aws && meant == Wanted::Unknown) {
        let action = Action::AddClientId { provider_arn: provider.arn.clone(), client_id: aud.to_owned() };
        let mut by_hand = ways(e, &action);
        // An audience is registered for every role that trusts the provider: the word of a token is not enough.
        if !vouch::audience_known(e, aud, bare(&iss)) {
            let note = format!(
                "only if `{aud}` is meant for AWS: every role that trusts the provider and names no audience would \
                 take tokens made for it"
            );
            by_hand.push(("note", note));
            return draft.cure("register the audience with the provider, if it is meant for AWS", &by_hand);
        }
        return draft.act("register the audience with the provider", vec![action], &by_hand);
    }
    let instead = match meant {
        Wanted::Instead(value) => value,
        Wanted::Itself | Wanted::Unknown => provider.client_ids.first().map_or(DEFAULT_AUDIENCE, String::as_str),
    };
    let title = format!("ask for tokens with the audience {instead}");
    if token.source == TokenSource::HandedIn && in_kubernetes(token) {
        // Whoever handed it in chose its audience; what the pods mount is another matter.
        let (namespace, name) = names::account(e);
        let line = shell::line("kubectl create token {} -n {} --audience {}", &[&name, &namespace, instead]);
        return draft.cure(title, &[("kubectl", line)]);
    }
    if !in_kubernetes(token) {
        let line = snippet::workflow("audience: {}", &[instead]);
        return draft.cure(title, &[("workflow", line)]);
    }
    let note = format!("the pods mount a token for `{aud}` themselves: the audience stands in their own volume");
    let (namespace, name) = names::account(e);
    let annotate = shell::line(
        "kubectl annotate serviceaccount -n {} {} --overwrite {}={}",
        &[&namespace, &name, AUDIENCE_ANNOTATION, instead],
    );
    draft.cure(title, &[("kubectl", annotate), ("note", note)])
}

/// The workload names that token itself: it belongs to another product, and AWS need not know it.
fn of_another(draft: Draft, provider: &Provider, file: &str, volume: &TokenVolume) -> Draft {
    let wanted = provider.client_ids.first().map_or(DEFAULT_AUDIENCE, String::as_str);
    let note = format!(
        "the volume {} of the pod template, in which {file} lies: audience: {wanted}; do not register {} with AWS",
        volume.name,
        client_id::written(&volume.audience)
    );
    draft.cure(format!("ask for tokens with the audience {wanted}"), &[("note", note)])
}

/// Which audience is meant, as the role's trust policy tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted<'a> {
    /// The token's own: the policy takes it, so that registering it is all that lacks.
    Itself,
    /// Another, which provider and policy agree on.
    Instead(&'a str),
    /// The policy is not known, or takes neither.
    Unknown,
}

fn wanted<'a>(e: &View<'a>, provider: &'a Provider, aud: &str) -> Wanted<'a> {
    let Some(role) = e.role().known() else {
        return match own_audience(e).filter(|own| own == aud) {
            // The account asks for it by annotation, and the provider knows another.
            Some(_) if aud != DEFAULT_AUDIENCE => {
                provider.client_ids.first().map_or(Wanted::Unknown, |id| Wanted::Instead(preferred(provider, id)))
            }
            Some(_) | None => Wanted::Unknown,
        };
    };
    if trust::takes(e, role, aud) == Some(true) {
        return Wanted::Itself;
    }
    let agreed = provider.client_ids.iter().filter(|id| trust::takes(e, role, id) == Some(true));
    let agreed: Vec<&String> = agreed.collect();
    match agreed.as_slice() {
        [] => Wanted::Unknown,
        [first, ..] => {
            let default = agreed.iter().find(|id| **id == DEFAULT_AUDIENCE);
            Wanted::Instead(default.unwrap_or(first))
        }
    }
}

/// AWS's own audience where the provider knows it.
fn preferred<'a>(provider: &'a Provider, first: &'a str) -> &'a str {
    provider.client_ids.iter().find(|c| *c == DEFAULT_AUDIENCE).map_or(first, String::as_str)
}

/// The audience that the service account asks for.
fn own_audience(e: &View<'_>) -> Option<String> {
    let sa = e.service_account().known()?;
    Some(sa.annotations.get(AUDIENCE_ANNOTATION).cloned().unwrap_or_else(|| DEFAULT_AUDIENCE.to_owned()))
}

/// The change by which the service account asks for another audience, where it is the one that asks for this one.
pub(super) fn asks_for(e: &View<'_>, aud: &str, value: &str) -> Option<Action> {
    let sa = e.service_account().known().filter(|_| own_audience(e).as_deref() == Some(aud))?;
    Some(Action::Annotate {
        namespace: sa.namespace.clone(),
        service_account: sa.name.clone(),
        key: AUDIENCE_ANNOTATION.to_owned(),
        // The webhook's default needs no annotation.
        value: (value != DEFAULT_AUDIENCE).then(|| value.to_owned()),
    })
}

fn in_kubernetes(token: &TokenClaims) -> bool {
    token.sub.as_deref().is_some_and(|s| s.starts_with("system:serviceaccount:"))
}

/// The audiences that a provider is to be registered with, and whether they are known to be those that tokens carry:
/// the token's, else the one that the role's policy asks for, else what the service account asks for.
///
/// A cluster's provider serves all its service accounts, which ask for AWS's own audience unless they say otherwise
/// (amazon-eks-pod-identity-webhook): it stands beside another one. Where the role's policy takes AWS's own and not the
/// token's, the token's is what is wrong, and nothing is registered for it.
pub(super) fn to_register(e: &View<'_>, path: &str) -> (Vec<String>, bool) {
    let asked = e.role().known().map(|role| trust::audiences(role, path)).unwrap_or_default();
    let of_token = || e.token().known().and_then(effective_audience).map(str::to_owned);
    let of_policy = || {
        let [only] = asked.as_slice() else { return None };
        Some(only.clone())
    };
    let of_job = || foreseen::asked(e).as_ref().and_then(effective_audience).map(str::to_owned);
    let Some(own) = of_token().or_else(of_job).or_else(of_policy).or_else(|| own_audience(e)) else {
        return (vec![DEFAULT_AUDIENCE.to_owned()], eks_issuer(path).is_some());
    };
    let of_cluster = e.token().known().is_some_and(in_kubernetes) || eks_issuer(path).is_some();
    if own == DEFAULT_AUDIENCE || !of_cluster {
        return (vec![own], true);
    }
    let takes_own = asked.iter().any(|a| *a == own || a.contains(['*', '?']));
    if !takes_own && asked.iter().any(|a| a == DEFAULT_AUDIENCE) {
        return (vec![DEFAULT_AUDIENCE.to_owned()], true);
    }
    (vec![own, DEFAULT_AUDIENCE.to_owned()], true)
}
