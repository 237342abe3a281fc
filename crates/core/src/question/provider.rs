//! Whether the account registered the issuer, and the audience with it.

use crate::cause::Cause;
use trustwalk_foreign::{shell, snippet};
use trustwalk_symptoms::{Region, Symptom};

use super::facts::role_account;
use super::facts::{arn_parts, bare, built_in, effective_audience, eks_issuer, in_cluster, issuer, lacking, partition};
use super::service_account::annotate;
use super::sts::Refusal;
use super::symptoms::find;
use super::trust_subject::audience_rule;
use super::{Draft, Judged, foreseen, setup, trust, vouch};
use crate::evidence::{Kind, LogFailure, Provider, TokenClaims, View};
use crate::finding::Confidence;
use crate::plan::Action;

/// The causes this question may name.
pub(super) const CAUSES: &[Cause] = &[
    Cause::AudienceNotInProviderClientIds,
    Cause::PartitionAudienceMismatch,
    Cause::OidcProviderMissingInAccount,
    Cause::CrossAccountWebIdentityWithoutProviderThere,
    Cause::AudienceConfusedWithStsEndpoint,
    Cause::AudienceDefaultChangedByTool,
    Cause::ClusterRecreatedNewIssuerId,
    Cause::IssuerUrlChangedByIdp,
    Cause::WrongTokenFileKubernetesDefaultToken,
    Cause::AzpClaimUsedAsAudience,
    Cause::IssuerHostChangedDualStack,
    Cause::IssuerTrailingSlashMismatch,
    Cause::OidcProviderCountQuota,
    Cause::OidcProviderDeletedByAnotherStack,
    Cause::RoleArnWrongAccount,
    Cause::StsCallSentToWrongPartitionRegion,
    Cause::WrongRegionInIssuerHost,
    Cause::OidcProviderOnePerUrl,
];

/// IAM's default quota of OIDC providers per account (IAM User Guide, quotas).
const MAX_PROVIDERS: usize = 100;

/// The annotation by which a service account asks for another audience (amazon-eks-pod-identity-webhook).
const AUDIENCE_ANNOTATION: &str = "eks.amazonaws.com/audience";
/// The audience the webhook asks for by itself.
const DEFAULT_AUDIENCE: &str = "sts.amazonaws.com";

/// What tells a missing provider from one that is nearly right.
const READ_PROVIDERS: &str = "`aws iam list-open-id-connect-providers` in the role's account: a provider that \
    differs by a trailing slash, a region, an old host or the account is another cause";

/// Judges the provider.
pub(crate) fn causes(view: &View<'_>) -> Judged {
    let e = view;
    if super::sts::succeeded(view) {
        return Judged::default();
    }
    if let Some(refused) = setup::provider(view) {
        return refused;
    }
    if e.provider().known().is_none() && built_in(e) {
        return Judged::none("the provider is IAM's own");
    }
    let said = super::sts::refusal(view);
    if let Some(provider) = e.provider().known() {
        return registered(view, e, provider, said);
    }
    if e.provider().is_absent() {
        return match issuer(e) {
            Some(iss) => absent(view, e, iss),
            None => Judged::open("the issuer: neither token nor cluster tells it"),
        };
    }
    if said == Some(Refusal::NoProvider) {
        return told(view, e);
    }
    Judged::open(lacking("the account's OIDC provider", e.provider()))
}

/// STS says there is none, and the account was not read: a provider of nearly this URL may be there.
fn told(view: &View<'_>, e: &View<'_>) -> Judged {
    let line = find(view, &[Symptom::NoProvider]);
    let named = line.and_then(|l| l.failure.issuer.clone());
    let Some(iss) = issuer(e).map(str::to_owned).or(named) else {
        let draft = Draft::new("STS finds no OIDC provider for the token's issuer in the role's account")
            .unsure(Confidence::Likely, READ_PROVIDERS)
            .cure("register the issuer there", &[("aws", "aws iam list-open-id-connect-providers".to_owned())]);
        let draft = match line {
            Some(l) => draft.hear(l),
            None => draft,
        };
        return Judged::one(Cause::OidcProviderMissingInAccount, draft);
    };
    let mut judged = absent(view, e, &iss);
    if let Some(draft) = line.and_then(|l| Some(other_partition(l, &iss)?.hear(l))) {
        judged.push(Cause::StsCallSentToWrongPartitionRegion, draft);
    }
    if e.providers().known().is_none() {
        let alone = judged.found.len() == 1;
        for cause in &mut judged.found {
            cause.draft.confidence = if alone { Confidence::Likely } else { Confidence::Possible };
            cause.draft.decide.get_or_insert_with(|| READ_PROVIDERS.to_owned());
        }
    }
    judged
}

/// The issuer is of a partition that clients do not call by themselves, and the line does not show that they were told.
fn other_partition(line: &LogFailure, iss: &str) -> Option<Draft> {
    let (region, _) = eks_issuer(bare(iss))?;
    let family = ["us-gov-", "cn-", "us-iso", "eusc-"].into_iter().find(|f| region.starts_with(f))?;
    let called = line.failure.region.as_ref().map(Region::as_str);
    called.is_none_or(|c| !c.starts_with(family)).then(|| {
        Draft::new(format!(
            "the issuer is of {region}, whose partition only its own STS knows, and the client may have asked another \
             STS"
        ))
        .unsure(
            Confidence::Possible,
            "which host the client asked: its log at debug level, or no event of the exchange in CloudTrail of this \
             partition",
        )
        .cure(
            "name the region to the client of STS",
            &[("kubectl", shell::line("kubectl set env RESOURCE/NAME AWS_REGION={}", &[region]))],
        )
    })
}

/// A role of that name in the caller's own account: the ARN, not the provider, is what is wrong.
fn misplaced(e: &View<'_>) -> Option<Draft> {
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

fn absent(view: &View<'_>, e: &View<'_>, iss: &str) -> Judged {
    if let Some(draft) = misplaced(e) {
        return Judged::one(Cause::RoleArnWrongAccount, draft);
    }
    let path = bare(iss);
    let account = role_account(e).or_else(|| e.caller().known().map(|c| c.account.clone())).unwrap_or_default();
    let known_account = if account.is_empty() { "ACCOUNT" } else { account.as_str() };
    let arn = format!("arn:{}:iam::{known_account}:oidc-provider/{path}", partition(e));
    let empty = Vec::new();
    let providers = e.providers().known().unwrap_or(&empty);
    let paths: Vec<&str> = providers.iter().filter_map(|p| p.split_once(":oidc-provider/").map(|(_, p)| p)).collect();
    let (rule, sentence) = absent_reason(e, iss, &account, &paths);
    let aud = e.token().known().and_then(effective_audience).unwrap_or("sts.amazonaws.com");
    let log = find(view, &[Symptom::NoProvider]);
    let origin = match (e.token().known(), log) {
        (Some(token), _) => token.origin.clone(),
        (None, Some(line)) => line.origin.clone(),
        (None, None) => "cluster".to_owned(),
    };
    let draft = Draft::new(sentence).show("token iss", iss, origin);
    // A list nobody read proves nothing.
    let draft = match e.providers().known() {
        Some(_) => draft.show(
            "providers of the account",
            if paths.is_empty() { "none like it".to_owned() } else { paths.join(", ") },
            format!("iam:ListOpenIDConnectProviders account {account}"),
        ),
        None => draft,
    };
    if let Some(doubt) = vouch::doubt(e, iss) {
        return Judged::one(rule, vouch::question(e, draft, &doubt));
    }
    let url = format!("https://{path}");
    let whole = [url.as_str().into(), aud.into()];
    let by_hand = [
        ("aws", shell::line("aws iam create-open-id-connect-provider --url {} --client-id-list {}", &[&url, aud])),
        ("eksctl", "eksctl utils associate-iam-oidc-provider --cluster CLUSTER --approve".to_owned()),
        (
            "terraform",
            snippet::hcl(
                "resource \"aws_iam_openid_connect_provider\" \"this\" { url = {} client_id_list = [{}] }",
                &whole,
            ),
        ),
        (
            "cloudformation",
            snippet::yaml("Type: AWS::IAM::OIDCProvider, Properties: {Url: {}, ClientIdList: [{}]}", &whole),
        ),
    ];
    let can = matches!(
        rule,
        Cause::OidcProviderMissingInAccount
            | Cause::OidcProviderDeletedByAnotherStack
            | Cause::ClusterRecreatedNewIssuerId
            | Cause::IssuerUrlChangedByIdp
            | Cause::IssuerTrailingSlashMismatch
            | Cause::IssuerHostChangedDualStack
    ) && e.caller().known().is_none_or(|c| c.account == account)
        && vouch::audience_known(e, aud, path);
    // Whose account is meant, the role's ARN says.
    let draft = match e.unread(Kind::RoleArn) {
        Some(_) if in_cluster(e) => {
            draft.unsure(Confidence::Likely, "the role's ARN, which names the account that is asked")
        }
        _ => draft,
    };
    let draft = if can {
        let actions = vec![Action::CreateProvider {
            url: url.clone(),
            client_ids: vec![aud.to_owned()],
            thumbprints: Vec::new(),
        }];
        draft.act(format!("register {arn}"), actions, &by_hand)
    } else {
        draft.cure(format!("register {arn}"), &by_hand)
    };
    Judged::one(rule, draft)
}

fn absent_reason(e: &View<'_>, iss: &str, account: &str, paths: &[&str]) -> (Cause, String) {
    let path = bare(iss);
    let deleted = e
        .trail()
        .known()
        .into_iter()
        .flatten()
        .filter(|t| t.name == "DeleteOpenIDConnectProvider" && t.error.is_none() && t.resource.contains(path));
    if let Some(t) = deleted.max_by_key(|t| t.at) {
        return (
            Cause::OidcProviderDeletedByAnotherStack,
            format!("the provider for {iss} in account {account} was deleted by {}", t.who),
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
    if e.providers().known().is_some_and(|p| p.len() >= MAX_PROVIDERS) {
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

fn registered(view: &View<'_>, e: &View<'_>, provider: &Provider, said: Option<Refusal>) -> Judged {
    let Some(token) = e.token().known() else { return unseen(e, provider) };
    let Some(aud) = effective_audience(token) else { return Judged::none("the token has no audience") };
    if said == Some(Refusal::NoProvider) {
        let home = arn_parts(&provider.arn).map(|(_, a, _)| a.to_owned());
        if let (Some(home), Some(theirs)) = (home, role_account(e))
            && home != theirs
        {
            if let Some(draft) = misplaced(e) {
                return Judged::one(Cause::RoleArnWrongAccount, draft);
            }
            let draft = Draft::new(format!(
                "the provider {} is in account {home} and the role in {theirs}; it must stand in the role's account",
                provider.arn
            ));
            return Judged::one(
                Cause::CrossAccountWebIdentityWithoutProviderThere,
                draft.show("provider", provider.arn.clone(), "IAM"),
            );
        }
        return china(view, e);
    }
    if provider.client_ids.iter().any(|c| c == aud) {
        return Judged::default();
    }
    // A later check spoke: the audience passed.
    if said == Some(Refusal::Denied) {
        return Judged::default();
    }
    Judged::one(audience_reason(provider, token, aud), audience(e, provider, token, aud))
}

/// No token is at hand; a job's files may tell which audience it will ask for.
fn unseen(e: &View<'_>, provider: &Provider) -> Judged {
    let asked = foreseen::asked(e);
    match asked.as_ref().and_then(|asked| Some((asked, effective_audience(asked)?))) {
        Some((asked, aud)) if !provider.client_ids.iter().any(|c| c == aud) => {
            let draft = audience(e, provider, asked, aud)
                .unsure(Confidence::Likely, "the aud of the token itself: `trustwalk token FILE` reads one");
            Judged::one(audience_reason(provider, asked, aud), draft)
        }
        _ => Judged::open(lacking("the token's audience", e.token())),
    }
}

/// A role and its provider are right, and STS says it knows none: STS of another partition was asked.
fn china(view: &View<'_>, e: &View<'_>) -> Judged {
    let endpoint = view.exchange().known().map(|x| x.endpoint.clone()).unwrap_or_default();
    let cn = partition(e) == "aws-cn";
    if endpoint.is_empty() || endpoint.contains(".com.cn") == cn {
        return Judged::open(
            "why STS sees no provider although one is registered: it may be seconds old; ask again in a minute",
        );
    }
    let draft = Draft::new(format!(
        "the token was sent to {endpoint}, an STS of another partition than the role's ({})",
        partition(e)
    ))
    .show("endpoint", endpoint, "exchange")
    .cure(
        "set the region of the workload",
        &[("kubectl", "set AWS_REGION and AWS_STS_REGIONAL_ENDPOINTS=regional in the container".to_owned())],
    );
    Judged::one(Cause::StsCallSentToWrongPartitionRegion, draft)
}

fn audience_reason(provider: &Provider, token: &TokenClaims, aud: &str) -> Cause {
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

fn audience(e: &View<'_>, provider: &Provider, token: &TokenClaims, aud: &str) -> Draft {
    let ids = if provider.client_ids.is_empty() { "none".to_owned() } else { provider.client_ids.join(", ") };
    let arn = &provider.arn;
    let draft = Draft::new(format!("the token's audience `{aud}` is not among those registered with {arn} ({ids})"))
        .show("token aud", aud, token.origin.clone())
        .show("registered audiences", ids, format!("{arn} ClientIDList"));

    let iss = format!("https://{}", provider.url.trim_start_matches("https://"));
    if let Some(doubt) = vouch::doubt(e, &iss) {
        return vouch::question(e, draft, &doubt);
    }
    // Where the role's trust policy admits this audience, it is meant, and registering it is all that lacks.
    let meant = e.role().known().is_some_and(|role| trust::admits_token(e, role));
    if !meant && let Some((namespace, name, value)) = asked_for(e, provider, aud) {
        let by_hand = match &value {
            Some(v) => annotation(&namespace, &name, v),
            None => {
                shell::line("kubectl annotate serviceaccount -n {} {} {}-", &[&namespace, &name, AUDIENCE_ANNOTATION])
            }
        };
        let title = "let the token carry an audience the provider knows, then recreate the pods";
        let action = Action::Annotate { namespace, service_account: name, key: AUDIENCE_ANNOTATION.to_owned(), value };
        return draft.act(title, vec![action], &[("kubectl", by_hand)]);
    }
    let meant_for_sts = meant || aud == "sts.amazonaws.com" || aud == "sts.amazonaws.com.cn" || !in_kubernetes(token);
    if meant_for_sts {
        let by_hand = [
            ("aws", add_client_id(arn, aud)),
            ("terraform", snippet::hcl("in aws_iam_openid_connect_provider: client_id_list = [{}]", &[aud.into()])),
            ("cloudformation", snippet::yaml("in AWS::IAM::OIDCProvider: ClientIdList: [{}]", &[aud.into()])),
        ];
        // An audience is registered for every role that trusts the provider: the word of a token is not enough.
        if !vouch::audience_known(e, aud, bare(&iss)) {
            let note = format!(
                "only if `{aud}` is meant for AWS: every role that trusts the provider and names no audience would \
                 take tokens made for it"
            );
            let by_hand: Vec<(&str, String)> = by_hand.into_iter().chain([("note", note)]).collect();
            return draft.cure("register the audience with the provider, if it is meant for AWS", &by_hand);
        }
        let actions = vec![Action::AddClientId { provider_arn: arn.clone(), client_id: aud.to_owned() }];
        return draft.act("register the audience with the provider", actions, &by_hand);
    }
    let wanted = provider.client_ids.first().map_or("sts.amazonaws.com", String::as_str);
    let sub =
        token.sub.as_deref().and_then(|s| s.strip_prefix("system:serviceaccount:")).and_then(|s| s.split_once(':'));
    let (namespace, name) = sub.unwrap_or(("NAMESPACE", "NAME"));
    draft.cure(
        format!("ask for tokens with the audience {wanted}"),
        &[("kubectl", annotation(namespace, name, wanted)), ("aws", add_client_id(arn, aud))],
    )
}

fn annotation(namespace: &str, name: &str, audience: &str) -> String {
    let template = "kubectl annotate serviceaccount -n {} {} --overwrite {}={}";
    shell::line(template, &[namespace, name, AUDIENCE_ANNOTATION, audience])
}

/// The command that registers an audience with a provider.
pub(super) fn add_client_id(arn: &str, audience: &str) -> String {
    let template = "aws iam add-client-id-to-open-id-connect-provider --open-id-connect-provider-arn {} --client-id {}";
    shell::line(template, &[arn, audience])
}

/// The service account asks for this audience by annotation, and the provider knows another: namespace, name
/// and the annotation's new value, none where the webhook's default will do.
fn asked_for(e: &View<'_>, provider: &Provider, aud: &str) -> Option<(String, String, Option<String>)> {
    let sa = e.service_account().known()?;
    if aud == DEFAULT_AUDIENCE || sa.annotations.get(AUDIENCE_ANNOTATION).is_none_or(|a| a != aud) {
        return None;
    }
    let default = provider.client_ids.iter().any(|c| c == DEFAULT_AUDIENCE);
    let value = if default { None } else { Some(provider.client_ids.first()?.clone()) };
    Some((sa.namespace.clone(), sa.name.clone(), value))
}

fn in_kubernetes(token: &TokenClaims) -> bool {
    token.sub.as_deref().is_some_and(|s| s.starts_with("system:serviceaccount:"))
}
