//! The token a CI job will get, foretold from its files where no token is at hand.

use crate::cause::Cause;
use std::collections::BTreeMap;

use trustwalk_trust_policy::{Comparison, Document, DocumentCondition, Effect, Operator};

use super::Judged;
use crate::evidence::{Fit, Means, Platform, Template, TokenClaims, TokenSource, View};
use crate::finding::Confidence;

/// What a job asks for, as far as its files tell it: a token without a subject.
pub(super) fn asked(e: &View<'_>) -> Option<TokenClaims> {
    let job = e.job().known().filter(|j| j.assumes_role && !j.fork)?;
    let may_ask = |p: &BTreeMap<String, String>| p.get("id-token").is_some_and(|v| v == "write");
    let github = job.platform == Platform::GithubActions;
    let granted = job.permissions.as_ref().is_some_and(may_ask)
        && (job.caller_silent || job.caller_permissions.as_ref().is_none_or(may_ask));
    if (github && !granted) || (!github && job.requests.iter().all(|r| r.by == Means::CiJobToken)) {
        return None;
    }
    let aud = job.audiences().into_iter().next().filter(|aud| !aud.contains('$'));
    (e.token().known().is_none() && (aud.is_some() || !github)).then(|| TokenClaims {
        origin: "the job's files, by which it is foretold".to_owned(),
        source: TokenSource::Typed,
        alg: "RS256".to_owned(),
        iss: job.issuer(),
        aud: aud.into_iter().collect(),
        ..TokenClaims::default()
    })
}

/// The token of a job whose subject its files tell whatever starts it, in its first form where there are two.
pub(super) fn token(e: &View<'_>) -> Option<TokenClaims> {
    let asked = asked(e)?;
    let all = e.job().known()?.foretold();
    let [only] = all.as_slice() else { return None };
    let sub = only.alternatives.first()?.subject.known()?;
    Some(TokenClaims { sub: Some(sub.to_owned()), ..asked })
}

/// How the subjects that a policy allows compare with one of which parts are unknown: it is admitted where a
/// statement that allows says so.
pub(super) fn fit(document: &Document, path: &str, subject: &Template) -> Fit {
    let allows = document.statements.iter().filter(|s| s.effect == Some(Effect::Allow));
    Fit::any(allows.map(|statement| {
        let of_subject = statement.conditions.iter().filter(|c| {
            let key = c.key.rsplit_once(':');
            key.is_some_and(|(issuer, claim)| issuer.eq_ignore_ascii_case(path) && claim.eq_ignore_ascii_case("sub"))
        });
        let mut open = Vec::new();
        for condition in of_subject {
            match condition_fit(condition, subject) {
                Fit::Admits => {}
                Fit::Refuses => return Fit::Refuses,
                Fit::Depends(names) => open.extend(names),
            }
        }
        if open.is_empty() { Fit::Admits } else { Fit::Depends(open) }
    }))
}

fn condition_fit(condition: &DocumentCondition, subject: &Template) -> Fit {
    let open = || Fit::Depends(subject.unknowns());
    let Some(operator) = Operator::parse(&condition.operator).filter(|o| !o.negated) else { return open() };
    // A policy variable stands for what only a request tells.
    if condition.values.iter().any(|v| v.contains("${")) {
        return open();
    }
    let lower = |t: &Template| t.clone().with_texts(str::to_lowercase);
    match operator.comparison {
        Comparison::StringEquals => Fit::any(condition.values.iter().map(|v| subject.equals(v))),
        Comparison::StringLike => Fit::any(condition.values.iter().map(|v| subject.like(v))),
        Comparison::StringEqualsIgnoreCase => {
            // A part that is not known may be of either case, which is not compared here.
            let fit = Fit::any(condition.values.iter().map(|v| lower(subject).equals(&v.to_lowercase())));
            if fit == Fit::Refuses && !subject.unknowns().is_empty() { open() } else { fit }
        }
        Comparison::NumericEquals
        | Comparison::NumericLessThan
        | Comparison::NumericLessThanEquals
        | Comparison::NumericGreaterThan
        | Comparison::NumericGreaterThanEquals
        | Comparison::DateEquals
        | Comparison::DateLessThan
        | Comparison::DateLessThanEquals
        | Comparison::DateGreaterThan
        | Comparison::DateGreaterThanEquals
        | Comparison::Bool
        | Comparison::BinaryEquals
        | Comparison::IpAddress
        | Comparison::Arn
        | Comparison::Null => open(),
    }
}

/// What the subject of a GitHub token decides by itself.
const BY_SUBJECT: [Cause; 10] = [
    Cause::GhaSubEnvironmentVsRef,
    Cause::GhaSubImmutableIds,
    Cause::GhaSubBranchOrTagNotAllowed,
    Cause::GhaSubCustomised,
    Cause::GhaSubCaseMismatch,
    Cause::GhaSubNoTrailingContext,
    Cause::GhaRepoOrOrgRenamed,
    Cause::WildcardWithStringequals,
    Cause::GhaRepoNeverListed,
    Cause::CiTokenOfAnotherVersion,
];

/// What follows from a foretold token is likely and no more, and only what its subject decides.
/// Where it may have several forms, the one that is told is one of them.
pub(super) fn likely(mut judged: Judged, only: bool) -> Judged {
    let will = if only { "the token's sub will be" } else { "the token's sub may be" };
    judged.found.retain(|c| BY_SUBJECT.contains(&c.cause));
    for cause in &mut judged.found {
        cause.draft.sentence = cause.draft.sentence.replacen("the token's sub is", will, 1);
        cause.draft.confidence = Confidence::Likely;
        cause.draft.decide = Some(
            "the subject GitHub really wrote: CloudTrail's AssumeRoleWithWebIdentity event, userIdentity.userName"
                .to_owned(),
        );
    }
    judged
}
