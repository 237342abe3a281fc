//! The audience that pods yet to be made ask for, or that some of those there have, where it is another than that of
//! the token which STS takes.

use super::audience::{self, asks_for};
use super::client_id;
use super::facts::{effective_audience, in_cluster, lacking};
use super::taken_away::WEBHOOK_VOLUME;
use super::{Draft, Judged, trust};
use crate::cause::Cause;
use crate::evidence::{AUDIENCE_ANNOTATION, DEFAULT_AUDIENCE, Provider, ServiceAccount, TokenClaims, View, at_work};
use crate::finding::Confidence;
use crate::plan::ways;

/// An audience, who has it, where that stands, whether they fail, and what would make it sure.
struct Asked<'a> {
    audience: &'a str,
    who: String,
    origin: String,
    fails: bool,
    decide: Option<String>,
}

/// Judges the audiences besides that of the token which STS takes.
pub(super) fn causes(e: &View<'_>) -> Judged {
    let mut judged = Judged::default();
    let sa = e.service_account().known().filter(|sa| in_cluster(e) && sa.role_arn().is_some());
    let (Some(sa), Some(provider), Some(token)) = (sa, e.provider().known(), e.token().known()) else { return judged };
    let Some(works) = effective_audience(token) else { return judged };
    for one in asked(e, sa).into_iter().filter(|one| one.audience != works) {
        if let Some((cause, draft)) = refused(e, provider, token, works, &one)
            && judged.found.is_empty()
        {
            let draft = draft.show("audience that STS takes", works, token.origin.clone());
            let draft = if one.fails { draft } else { draft.warns() };
            judged.push(cause, one.decide.into_iter().fold(draft, |d, decide| d.unsure(Confidence::Likely, decide)));
        }
    }
    judged
}

/// Those that the pods mount, those that fail first, then what a new pod would get.
fn asked<'a>(e: &View<'a>, sa: &'a ServiceAccount) -> Vec<Asked<'a>> {
    let pods = e.pods().known().into_iter().flat_map(|all| at_work(all));
    let mut all: Vec<Asked<'a>> = pods
        .filter_map(|pod| {
            let volume = pod.spec.token_volumes.iter().find(|v| v.name == WEBHOOK_VOLUME && !v.audience.is_empty())?;
            Some(Asked {
                audience: &volume.audience,
                who: format!("pod {}", pod.name),
                origin: format!("Pod {} volume {WEBHOOK_VOLUME}", pod.name),
                fails: !pod.ready,
                decide: None,
            })
        })
        .collect();
    all.sort_by_key(|one| !one.fails);
    let who = format!("the next pod of the service account {}/{}", sa.namespace, sa.name);
    let probe = e.injection_probe().known().filter(|p| p.error.is_none());
    let next = match probe.and_then(|p| p.audience.as_deref()) {
        Some(audience) => (audience, "kubectl create --dry-run=server".to_owned()),
        None => (
            sa.annotations.get(AUDIENCE_ANNOTATION).map_or(DEFAULT_AUDIENCE, String::as_str),
            format!("ServiceAccount {}/{} annotation {AUDIENCE_ANNOTATION}", sa.namespace, sa.name),
        ),
    };
    let decide = probe.is_none().then(|| lacking("what a new pod would get", e.injection_probe()));
    all.push(Asked { audience: next.0, who, origin: next.1, fails: false, decide });
    all
}

/// Why STS would refuse a token of that audience.
fn refused(
    e: &View<'_>,
    provider: &Provider,
    token: &TokenClaims,
    works: &str,
    one: &Asked<'_>,
) -> Option<(Cause, Draft)> {
    let written = client_id::written(one.audience);
    let begin = format!("{} has tokens with the audience `{written}`", one.who);
    let theirs =
        TokenClaims { aud: vec![one.audience.to_owned()], azp: None, origin: one.origin.clone(), ..token.clone() };
    if !provider.client_ids.iter().any(|id| id == one.audience) {
        let ids = client_id::listed(&provider.client_ids);
        let mut draft = audience::lacking(e, provider, &theirs, one.audience);
        draft.sentence = format!("{begin}, which is not among those registered with {} ({ids})", provider.arn);
        return Some((audience::reason(provider, &theirs, one.audience), draft));
    }
    let role = e.role().known()?;
    if trust::takes(e, role, one.audience) != Some(false) {
        return None;
    }
    let draft = Draft::new(format!("{begin}, which the trust policy of {} does not take", role.arn)).show(
        "token aud",
        written,
        one.origin.clone(),
    );
    let title = "let the token carry an audience that the trust policy takes, then recreate the pods";
    let draft = match asks_for(e, one.audience, works) {
        Some(action) => {
            let by_hand = ways(e, &action);
            draft.act(title, vec![action], &by_hand)
        }
        None => draft.cure(title, &[]),
    };
    Some((Cause::AudienceConditionWrongInTrustPolicy, draft))
}
