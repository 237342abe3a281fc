//! The trust policy against the tokens that a job's files foretell, trigger by trigger.

use trustwalk_trust_policy::{Decision, Document};

use super::facts::{bare, issuer, lacking};
use super::trust_case::Case;
use super::vouch::federated;
use super::{Draft, Judged, foreseen, trust_reasons};
use crate::cause::Cause;
use crate::evidence::{CiJob, Fit, Role, TokenClaims, View};
use crate::finding::Confidence;

/// Judges the trust policy for the tokens that a job's files foretell, one for each trigger. What they show is likely
/// and no more, and none of them closes the link.
pub(super) fn of_job(e: &View<'_>, role: &Role) -> Judged {
    let open = || Judged::open(lacking("the token's claims", e.token()));
    let (Some(job), Some(asked)) = (e.job().known(), foreseen::asked(e)) else { return open() };
    if let Some(draft) = of_another_platform(e, role, job) {
        return Judged::one(Cause::FederatedArnWrongProvider, draft);
    }
    let Some(path) = asked.iss.as_deref().or(issuer(e)).map(bare) else { return open() };
    let Ok(document) = Document::parse(&role.trust_policy) else { return open() };
    let all = job.foretold();
    let mut judged = Judged::default();
    for one in &all {
        let token = |sub: &str| TokenClaims { sub: Some(sub.to_owned()), ..asked.clone() };
        let (fit, shown) = if let Some(known) = one.known() {
            let shown = token(known);
            let fit = fit(&Case::new(e, role, &shown, path, &document));
            (fit, shown)
        } else {
            let first = one.alternatives.first().map(|a| a.subject.to_string()).unwrap_or_default();
            (one.fit(|subject| foreseen::fit(&document, path, subject)), token(&first))
        };
        match fit {
            Fit::Admits => {}
            Fit::Depends(names) => judged.missing.push(format!(
                "{}: what the token's subject depends on is not known ({}): --token FILE shows it",
                one.trigger,
                names.join("; ")
            )),
            Fit::Refuses if one.conditional => judged.missing.push(format!(
                "{}: whether the job runs then, which its `if` decides in the run; the role would not be given",
                one.trigger
            )),
            Fit::Refuses => {
                let case = Case::new(e, role, &shown, path, &document);
                let found = foreseen::likely(trust_reasons::judged(&case), one.alternatives.len() == 1);
                refused(&mut judged, found, &one.trigger, all.len() > 1);
            }
        }
    }
    if judged.found.is_empty() && judged.missing.is_empty() {
        return open();
    }
    judged
}

/// The role trusts issuers, and none of them can be that of the job's platform.
fn of_another_platform(e: &View<'_>, role: &Role, job: &CiJob) -> Option<Draft> {
    let trusted = federated(role);
    if trusted.is_empty() || trusted.iter().any(|path| job.may_be_from(path)) {
        return None;
    }
    let whose = job.issuer().map_or_else(|| "the address of its instance".to_owned(), |iss| bare(&iss).to_owned());
    let draft = Draft::new(format!(
        "{} trusts tokens of {} and of nobody else, and the job runs on {}, whose tokens come from another issuer \
         ({whose})",
        role.arn,
        trusted.join(", "),
        job.platform
    ))
    .unsure(Confidence::Likely, "the token's `iss`: --token FILE shows it")
    .show("trusted", trusted.join(", "), format!("{} AssumeRolePolicyDocument", role.arn))
    .show("platform", job.platform.to_string(), e.job().source().map_or("the job's files", |s| s.what.as_str()));
    Some(draft.cure(
        "name a role that trusts this platform's provider, or register the provider and add a statement for it",
        &[("aws", "aws iam list-open-id-connect-providers".to_owned())],
    ))
}

/// Whether the policy admits a token that is foretold: what its files do not tell decides nothing.
fn fit(case: &Case<'_>) -> Fit {
    match case.decision() {
        Decision::Allow => Fit::Admits,
        Decision::ExplicitDeny | Decision::ImplicitDeny => Fit::Refuses,
        Decision::Undetermined => Fit::Depends(case.undecided()),
    }
}

/// Adds what one trigger is refused for; a cause that is there already is shown for this trigger too.
fn refused(judged: &mut Judged, new: Judged, trigger: &str, several: bool) {
    for mut found in new.found {
        if let Some(same) = judged.found.iter_mut().find(|f| f.cause == found.cause) {
            same.draft = same.draft.clone().show("refused too", trigger, "the job's triggers");
            continue;
        }
        if several {
            found.draft.sentence = format!("on {trigger}, {}", found.draft.sentence);
        }
        judged.found.push(found);
    }
}
