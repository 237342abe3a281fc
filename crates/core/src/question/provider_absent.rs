//! The account has no provider for the token's issuer: why not, and what registers one.

use trustwalk_foreign::snippet;
use trustwalk_symptoms::Symptom;

use super::annotate::annotate;
use super::facts::{arn_parts, bare, eks_issuer, in_cluster, lacking, partition, role_account, told as told_at};
use super::sts::Refusal;
use super::symptoms::find;
use super::{Draft, Judged, audience, vouch};
use crate::cause::Cause;
use crate::evidence::{Kind, Target, TrailEvent, View};
use crate::finding::Confidence;
use crate::plan::{Action, Ways, ways};

/// IAM's default quota of OIDC providers per account (IAM User Guide, quotas).
const MAX_PROVIDERS: usize = 100;

/// Service Quotas' request for more of them (its code of `OpenId connect providers per account`; IAM's quotas are asked
/// for in us-east-1).
const RAISE: &str = "aws service-quotas request-service-quota-increase --service-code iam --quota-code L-858F3967 \
    --desired-value 200 --region us-east-1";

/// A role of that name in the caller's own account: the ARN, not the provider, is what is wrong.
pub(super) fn misplaced(e: &View<'_>) -> Option<Draft> {
    let (told, namesake) = (e.role_arn().known()?, e.namesake().known()?);
    let draft = Draft::new(format!(
        "the workload is told to assume {told}, of an account that has no provider for its tokens; the role of \
         that name is {namesake}"
    ))
    .unsure(Confidence::Likely, "whoever owns the workload knows which account was meant")
    .show("role asked for", told, e.role_arn().source().map_or("role ARN", |s| s.what.as_str()))
    .show("role of that name", namesake, e.namesake().source().map_or("iam:GetRole", |s| s.what.as_str()));
    Some(match e.service_account().known() {
        Some(sa) => annotate(e, draft, sa, namesake),
        None => draft.cure(
            "name the role of the right account",
            &[("workflow", snippet::workflow("role-to-assume: {}", &[namesake]))],
        ),
    })
}

/// ARN and bare URL of a provider as it would stand in the role's account, or else the caller's.
pub(crate) fn provider_to_be(e: &View<'_>, url: &str) -> Option<(String, String)> {
    let account = role_account(e).or_else(|| e.caller().known().map(|c| c.account.clone()))?;
    let path = bare(url).to_owned();
    Some((format!("arn:{}:iam::{account}:oidc-provider/{path}", partition(e)), path))
}

/// The account has no provider for the issuer: why not, and what registers it.
pub(super) fn absent(view: &View<'_>, e: &View<'_>, iss: &str) -> Judged {
    if let Some(draft) = misplaced(e) {
        return Judged::one(Cause::RoleArnWrongAccount, draft);
    }
    let path = bare(iss);
    let account = role_account(e).or_else(|| e.caller().known().map(|c| c.account.clone())).unwrap_or_default();
    let known_account = if account.is_empty() { "ACCOUNT" } else { account.as_str() };
    let arn = format!("arn:{}:iam::{known_account}:oidc-provider/{path}", partition(e));
    let listed = list_of(e, &account);
    let shown = find(view, &[Symptom::ProviderWithSlash]).and_then(|l| l.failure.provider.as_deref());
    let all = listed.unwrap_or_default().iter().map(AsRef::as_ref).chain(shown);
    let paths: Vec<&str> = all.filter_map(|p| p.split_once(":oidc-provider/").map(|(_, p)| p)).collect();
    let (rule, sentence) = absent_reason(e, iss, &account, &paths);
    let (client_ids, aud_known) = audience::to_register(e, path);
    let log = find(view, &[Symptom::NoProvider]);
    let (label, origin) = match (e.target(), e.token().known(), log) {
        (Target::Issuer { .. }, _, _) => ("issuer asked about", "--issuer".to_owned()),
        (_, Some(token), _) => ("token iss", token.origin.clone()),
        (_, None, Some(line)) => ("token iss", line.origin.clone()),
        (_, None, None) => ("issuer", "cluster".to_owned()),
    };
    let draft = Draft::new(sentence).show(label, iss, origin);
    // A list nobody read, or of another account, proves nothing.
    let draft = match listed {
        Some(_) => draft.show(
            "providers of the account",
            if paths.is_empty() { "none like it".to_owned() } else { paths.join(", ") },
            format!("iam:ListOpenIDConnectProviders account {account}"),
        ),
        None => draft,
    };
    let draft = match answer(view) {
        Some(said) if listed.is_none() => draft.show("STS", said, "sts:AssumeRoleWithWebIdentity"),
        Some(_) | None => draft,
    };
    let draft = match deletion(e, path).filter(|_| rule == Cause::OidcProviderDeletedByAnotherStack) {
        Some(event) => draft.show("deleted", format!("{} by {}", told_at(event.at), event.who), "CloudTrail"),
        None => draft,
    };
    if let Some(doubt) = vouch::doubt(e, iss) {
        return Judged::one(rule, vouch::question(e, draft, &doubt));
    }
    let url = format!("https://{path}");
    let all_known = client_ids.iter().all(|aud| vouch::audience_known(e, aud, path));
    let action = Action::CreateProvider { url, client_ids, thumbprints: Vec::new() };
    let by_hand = in_account(e, &account, ways(e, &action));
    let can = matches!(
        rule,
        Cause::OidcProviderMissingInAccount
            | Cause::OidcProviderDeletedByAnotherStack
            | Cause::ClusterRecreatedNewIssuerId
            | Cause::IssuerUrlChangedByIdp
            | Cause::IssuerTrailingSlashMismatch
            | Cause::IssuerHostChangedDualStack
    ) && e.caller().known().is_none_or(|c| c.account == account)
        && aud_known
        && all_known;
    let draft = match apart(e, rule, &paths) {
        Some(decide) => draft.unsure(Confidence::Likely, decide),
        None => draft,
    };
    let draft = if rule == Cause::OidcProviderCountQuota {
        let create = by_hand.into_iter().find_map(|(tool, text)| (tool == "aws").then_some(text)).unwrap_or_default();
        let note = format!("or delete one that no role trusts any more; then register it: `{create}`");
        draft.cure(format!("have the quota raised, then register {arn}"), &[("aws", RAISE.to_owned()), ("note", note)])
    } else if can {
        draft.act(format!("register {arn}"), vec![action], &by_hand)
    } else {
        draft.cure(format!("register {arn}"), &by_hand)
    };
    Judged::one(rule, draft)
}

/// Commands for the account of the role: whoever is of another names a profile of it, and eksctl, which registers in
/// the cluster's own, is of no use.
fn in_account(e: &View<'_>, account: &str, ways: Ways) -> Ways {
    if e.caller().known().is_none_or(|c| c.account == account) {
        return ways;
    }
    let mut ways: Ways = ways.into_iter().filter(|(tool, _)| *tool != "eksctl").collect();
    for (_, text) in ways.iter_mut().filter(|(tool, _)| *tool == "aws") {
        text.push_str(" --profile PROFILE");
    }
    ways
}

/// The providers of an account, where what was listed are that account's: the list is of whoever made the call.
pub(super) fn list_of<'a>(e: &View<'a>, account: &str) -> Option<&'a [String]> {
    let all = e.providers().known()?;
    let theirs = |arn: &String| arn_parts(arn).is_some_and(|(_, a, _)| a == account);
    let by_caller = e.caller().known().is_none_or(|c| c.account == account);
    (account.is_empty() || (by_caller && all.iter().all(theirs))).then_some(all.as_slice())
}

/// STS's answer to our own exchange where it is that there is no provider: it looks in the role's account.
pub(super) fn answer(view: &View<'_>) -> Option<String> {
    let x = view.exchange().known()?;
    let no_provider = super::refusals::refusals(view).hold(Refusal::NoProvider);
    let said = || format!("{}: {}", x.code.as_deref().unwrap_or_default(), x.message.as_deref().unwrap_or_default());
    no_provider.then(said)
}

/// What tells this cause from its neighbours and was not read.
fn apart(e: &View<'_>, rule: Cause, paths: &[&str]) -> Option<String> {
    // Whose account is meant, the role's ARN says.
    if e.unread(Kind::RoleArn).is_some() && in_cluster(e) {
        return Some("the role's ARN, which names the account that is asked".to_owned());
    }
    if rule == Cause::CrossAccountWebIdentityWithoutProviderThere && e.namesake().is_refused() {
        let what = "whether a role of that name stands in the account of these credentials, so that the number in the \
                    role's ARN is what is wrong";
        return Some(lacking(what, e.namesake()));
    }
    let earlier = paths.iter().any(|p| eks_issuer(p).is_some());
    if rule == Cause::OidcProviderMissingInAccount && earlier && e.role().is_refused() {
        let what = "whether the role trusts the issuer of an earlier cluster, which the account still knows";
        return Some(lacking(what, e.role()));
    }
    None
}

/// Who deleted the provider of this issuer last: `CloudTrail` tells the ARN among the resources, in the request's
/// parameters, or in both.
fn deletion<'a>(e: &View<'a>, path: &str) -> Option<&'a TrailEvent> {
    let is = |arn: &str| arn.split_once(":oidc-provider/").is_some_and(|(_, p)| p == path);
    let of_it = |t: &&TrailEvent| {
        t.name == "DeleteOpenIDConnectProvider"
            && t.error.is_none()
            && (is(&t.resource)
                || t.resources.iter().any(|r| is(r))
                || t.change.get("openIDConnectProviderArn").is_some_and(|arn| is(arn)))
    };
    e.trail().known()?.iter().filter(of_it).max_by_key(|t| t.at)
}

fn absent_reason(e: &View<'_>, iss: &str, account: &str, paths: &[&str]) -> (Cause, String) {
    let path = bare(iss);
    if let Some(event) = deletion(e, path) {
        return (
            Cause::OidcProviderDeletedByAnotherStack,
            format!(
                "the provider for {iss} in account {account} was deleted at {} by {}",
                told_at(event.at),
                event.who
            ),
        );
    }
    if let Some(near) = paths.iter().find(|p| p.trim_end_matches('/') == path.trim_end_matches('/') && **p != path) {
        return (
            Cause::IssuerTrailingSlashMismatch,
            format!(
                "the account registered `{near}` and the token says `{path}`: they differ by a trailing slash, \
                 which makes two issuers"
            ),
        );
    }
    let id = eks_issuer(path);
    if let Some((region, id)) = id {
        let dual = format!("oidc-eks.{region}.api.aws/id/{id}");
        if paths.contains(&dual.as_str()) {
            return (
                Cause::IssuerHostChangedDualStack,
                format!("the account registered the dual-stack host `{dual}`, and tokens keep the issuer `{path}`"),
            );
        }
        if let Some(near) = paths.iter().find(|p| eks_issuer(p).is_some_and(|(r, i)| i == id && r != region)) {
            return (
                Cause::WrongRegionInIssuerHost,
                format!("the account registered `{near}`, in another region than the issuer `{path}`"),
            );
        }
    }
    let cluster_account = e.cluster().known().and_then(|c| arn_parts(&c.arn)).map(|(_, a, _)| a.to_owned());
    let home = cluster_account.or_else(|| e.caller().known().map(|c| c.account.clone()));
    if home.as_deref().is_some_and(|h| h != account && !account.is_empty()) {
        return (
            Cause::CrossAccountWebIdentityWithoutProviderThere,
            format!(
                "the role is in account {account}, where no provider is registered for {iss}; the provider must \
                 stand in the role's account"
            ),
        );
    }
    if paths.len() >= MAX_PROVIDERS {
        return (
            Cause::OidcProviderCountQuota,
            format!(
                "account {account} has no provider for {iss} and its quota of {MAX_PROVIDERS} providers is used up"
            ),
        );
    }
    if let Some((_, id)) = id {
        let old = paths.iter().find(|p| {
            eks_issuer(p).is_some_and(|(_, other)| other != id)
                && e.role().known().is_some_and(|r| r.trust_policy.contains(**p))
        });
        if let Some(old) = old {
            return (
                Cause::ClusterRecreatedNewIssuerId,
                format!(
                    "the account and the role know the issuer of an earlier cluster, `{old}`; this cluster's is \
                     `{path}`"
                ),
            );
        }
    } else if let Some(old) = paths.iter().find(|p| e.role().known().is_some_and(|r| r.trust_policy.contains(**p))) {
        return (
            Cause::IssuerUrlChangedByIdp,
            format!("the account and the role know the issuer `{old}`, and the token says `{path}`"),
        );
    }
    let whose = if account.is_empty() { "the role's account".to_owned() } else { format!("account {account}") };
    (Cause::OidcProviderMissingInAccount, format!("{whose} has no OIDC provider for {iss}"))
}
