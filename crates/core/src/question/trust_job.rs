//! The trust policy against the tokens that a job's files foretell, trigger by trigger.

use trustwalk_trust_policy::Document;

use super::facts::{bare, issuer, lacking};
use super::trust::{Case, admits, provider_arn, reasons};
use super::{Judged, foreseen};
use crate::evidence::{Fit, Role, TokenClaims, View};

/// Judges the trust policy for the tokens that a job's files foretell, one for each trigger. What they show is likely
/// and no more, and none of them closes the link.
pub(super) fn of_job(e: &View<'_>, role: &Role) -> Judged {
    let open = || Judged::open(lacking("the token's claims", e.token()));
    let (Some(job), Some(asked)) = (e.job().known(), foreseen::asked(e)) else { return open() };
    let Some(path) = asked.iss.as_deref().or(issuer(e)).map(bare) else { return open() };
    let Ok(document) = Document::parse(&role.trust_policy) else { return open() };
    let provider_arn = provider_arn(e, role, path);
    let all = job.foretold();
    let mut judged = Judged::default();
    for one in &all {
        let token = |sub: &str| TokenClaims { sub: Some(sub.to_owned()), ..asked.clone() };
        let (fit, shown) = if let Some(known) = one.known() {
            let (presumed, _) = foreseen::presumed(&token(known), path, &document);
            let (provider_arn, document) = (provider_arn.clone(), document.clone());
            let case = Case { e, role, token: &presumed, path, provider_arn, document };
            (if admits(&case) { Fit::Admits } else { Fit::Refuses }, presumed)
        } else {
            let first = one.alternatives.first().map(|a| a.subject.to_string()).unwrap_or_default();
            let (presumed, _) = foreseen::presumed(&token(&first), path, &document);
            (one.fit(|subject| foreseen::fit(&document, path, subject)), presumed)
        };
        match fit {
            Fit::Admits => {}
            Fit::Depends(names) => judged.missing.push(format!(
                "{}: the token's subject depends on the {}: --token FILE shows it",
                one.trigger,
                names.join(", the ")
            )),
            Fit::Refuses if one.conditional => judged.missing.push(format!(
                "{}: whether the job runs then, which its `if` decides in the run; the role would not be given",
                one.trigger
            )),
            Fit::Refuses => {
                let case = Case {
                    e,
                    role,
                    token: &shown,
                    path,
                    provider_arn: provider_arn.clone(),
                    document: document.clone(),
                };
                refused(&mut judged, foreseen::likely(reasons(&case)), &one.trigger, all.len() > 1);
            }
        }
    }
    if judged.found.is_empty() && judged.missing.is_empty() {
        return open();
    }
    judged
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
