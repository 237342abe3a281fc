//! The workload is refused where an exchange with a fresh token of the same identity succeeds: what it may have done
//! otherwise, and what is known of each.

use trustwalk_symptoms::{Region, Subject, Symptom, TokenPath};

use super::draft::{Draft, Judged};
use super::facts::effective_audience;
use super::names;
use super::sources::names_another_role;
use super::symptoms::differing;
use super::token_file::default_token;
use crate::cause::Cause;
use crate::evidence::{Container, Exchange, LogFailure, Variable, View};
use crate::finding::Confidence;

/// The causes this question may name.
pub(super) const CAUSES: &[Cause] =
    &[Cause::WorkloadExchangeDiffers, Cause::TokenFileReadOnce, Cause::IssuerKeysFetchTransientFailure];

/// What points an SDK at another role, token, audience or place than the injected ones.
const ELSEWHERE: [Variable; 8] = [
    Variable::AwsConfigFile,
    Variable::AwsProfile,
    Variable::AwsSharedCredentialsFile,
    Variable::AwsEndpointUrlSts,
    Variable::AwsEndpointUrl,
    Variable::AwsRegion,
    Variable::AwsDefaultRegion,
    Variable::AwsStsRegionalEndpoints,
];

/// The kubelet renews a token from 80 % of its life on, which is 10 minutes at least (Kubernetes documentation,
/// "`ServiceAccount` token volume projection").
const RENEWED: i64 = 480;

/// Judges whether the workload was refused where our own exchange was not.
pub(super) fn causes(view: &View<'_>) -> Judged {
    let lines = differing(view);
    let Some(line) = lines.first() else { return Judged::default() };
    let Some(own) = view.exchange().known() else { return Judged::default() };
    if lines.iter().all(|l| l.failure.symptom == Symptom::KeysUnavailable) {
        return keys(view, line, own);
    }
    let known = names_another_role(view).then_some("what differs is known: a mounted profile names another role");
    let carried = || carries_another_role(view).then_some("what differs is known: the pods carry another role's ARN");
    // The token for the API server has another audience than the one that was tried, and STS says so.
    let other_token = || {
        let audience =
            |l: &&LogFailure| Cause::WrongTokenFileKubernetesDefaultToken.shows().contains(&l.failure.symptom);
        let theirs = default_token(view).is_some() && lines.iter().all(audience);
        theirs.then_some("what differs is known: the pods' variable points to the token for the API server")
    };
    if let Some(by) = known.or_else(carried).or_else(other_token) {
        let mut judged = Judged::default();
        judged.exclude(Cause::WorkloadExchangeDiffers, by);
        return judged;
    }
    let sentence = "STS refused the workload and accepted a fresh token of its service account for the same role: \
                    the workload did something else, with another token, role, audience, region or endpoint, or at \
                    another moment";
    let mut draft = Draft::new(sentence)
        .show("refused to the workload", line.sample.clone(), line.origin.clone())
        .show("accepted", own.assumed.clone().unwrap_or_default(), own.endpoint.clone());
    for (label, value, origin) in branches(view, line) {
        draft = draft.show(label, value, origin);
    }
    let decide = "what the workload sent: CloudTrail's AssumeRoleWithWebIdentity event of that moment shows role, \
                  subject, audience and region; run it again, as a passing failure does not come twice";
    let draft = draft.unsure(Confidence::Likely, decide).cure(
        "restart the workload, so that it reads its token anew, and compare what it sends with what was injected",
        &[("kubectl", names::on_workload(view, "rollout restart", "", &[]))],
    );
    Judged::one(Cause::WorkloadExchangeDiffers, draft)
}

/// Whether every container that carries a role carries another than the one that our own exchange asked for.
fn carries_another_role(view: &View<'_>) -> bool {
    let Some(ours) = view.role_arn().known() else { return false };
    let containers = view.pods().known().into_iter().flatten().flat_map(|p| &p.spec.containers);
    let mut carried = containers.filter_map(|c| c.env_value(Variable::AwsRoleArn)).peekable();
    carried.peek().is_some() && carried.all(|arn| arn.trim() != ours.trim())
}

/// STS could not check the workload's token, and could check a fresh one: of a newer key, or at a better moment.
fn keys(view: &View<'_>, line: &LogFailure, own: &Exchange) -> Judged {
    let test = "run the exchange again in the workload as it is: a passing failure does not come again; then restart \
                it: only a new token helps a process that keeps an old one";
    let shown = |draft: Draft| {
        let accepted = own.assumed.clone().unwrap_or_default();
        draft.hear(line).show("accepted", accepted, own.endpoint.clone()).unsure(Confidence::Possible, test)
    };
    let kept = Draft::new("the process may keep a token whose key is no longer published: a fresh token is accepted")
        .cure("restart the workload, and read the token file before every exchange", &[]);
    let passing = Draft::new("the issuer's keys could not be fetched at that moment; a fresh token is accepted now")
        .cure("retry the exchange a few times with growing pauses", &[]);
    let mut judged = Judged::one(Cause::IssuerKeysFetchTransientFailure, shown(passing));
    let mut pods = view.pods().known().into_iter().flatten().peekable();
    if pods.peek().is_some() && pods.all(|p| view.now() - p.created < RENEWED) {
        let by = "every pod is so young that its token was not renewed yet: no process can keep an older one";
        judged.exclude(Cause::TokenFileReadOnce, by);
    } else {
        judged.push(Cause::TokenFileReadOnce, shown(kept));
    }
    judged
}

/// Each way in which it may have differed, as far as something is known of it.
fn branches(view: &View<'_>, line: &LogFailure) -> Vec<(&'static str, String, String)> {
    let mut out = named(view, line);
    let containers = || view.pods().known().into_iter().flatten().flat_map(|p| &p.spec.containers);
    for (variable, container) in containers().flat_map(|c| ELSEWHERE.iter().map(move |v| (*v, c))) {
        if let Some(value) = given(container, variable) {
            let told =
                ("container env", format!("{}={value}", variable.name()), format!("container {}", container.name));
            if !out.contains(&told) {
                out.push(told);
            }
        }
    }
    for (file, container) in containers().flat_map(|c| c.aws_files.iter().map(move |f| (f, c))) {
        for profile in file.profiles.known().into_iter().flatten() {
            let Some(role) = &profile.role_arn else { continue };
            let same = if Some(role) == view.role_arn().known() { "the same as" } else { "another than" };
            let told = (
                "profile",
                format!("{}: profile {} names {role}, {same} the one tried", file.path, profile.name),
                format!("container {}", container.name),
            );
            if !out.contains(&told) {
                out.push(told);
            }
        }
    }
    if let Some(at) = line.last.as_deref().or(line.failure.ts.as_deref()) {
        let again = match &line.neighbours.again_after {
            Some(success) => format!("; it had succeeded {} in between", success.words()),
            None => "; no success of it was seen since".to_owned(),
        };
        out.push(("moment", format!("{at}{again}"), line.origin.clone()));
    }
    out
}

/// What the line itself names, beside what our own exchange sent.
fn named(view: &View<'_>, line: &LogFailure) -> Vec<(&'static str, String, String)> {
    let f = &line.failure;
    let token = view.token().known();
    let own = view.exchange().known();
    let beside = |theirs: &str, ours: Option<&str>| match ours {
        Some(ours) if ours == theirs => format!("{theirs}, the same as in the one that was accepted"),
        Some(ours) => format!("{theirs}, another than in the one that was accepted ({ours})"),
        None => theirs.to_owned(),
    };
    let ours_at = own.and_then(|x| x.endpoint.split("://").nth(1)).map(|host| host.trim_end_matches('/'));
    let role = view.role_arn().known().map(String::as_str);
    let mut path = view.pods().known().into_iter().flatten().flat_map(|p| &p.spec.containers);
    let path = path.find_map(|c| c.env_value(Variable::AwsWebIdentityTokenFile).filter(|v| !v.is_empty()));
    let pairs = [
        ("role", f.role_arn.as_deref(), role),
        ("subject", f.subject.as_ref().map(Subject::as_str), token.and_then(|t| t.sub.as_deref())),
        ("audience", f.audience.as_deref(), token.and_then(effective_audience)),
        ("issuer", f.issuer.as_deref(), token.and_then(|t| t.iss.as_deref())),
        ("token file", f.token_path.as_ref().map(TokenPath::as_str), path),
        ("region", f.region.as_ref().map(Region::as_str), view.region()),
        ("endpoint", f.host.as_deref(), ours_at),
    ];
    pairs
        .into_iter()
        .filter_map(|(label, theirs, ours)| Some((label, beside(theirs?, ours), line.origin.clone())))
        .collect()
}

fn given(container: &Container, variable: Variable) -> Option<String> {
    let found = container.env.iter().find(|v| v.name() == variable.name())?;
    Some(found.value().or_else(|| found.origin()).unwrap_or("set").to_owned())
}
