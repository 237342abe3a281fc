//! What comes of the cures: cures that do not cure are not offered, and of those that do it is said what fails next.

use super::course::{Course, Useless, course, named, tried};
use super::engine::walk;
use super::model::{After, AfterStep, Diagnosis, Outcome, Remaining};
use crate::evidence::{Evidence, Observed};
use crate::finding::{Confidence, Finding};
use crate::link::Link;
use crate::plan::{Cure, Which, applied, described, renewal_of};

/// Takes away what does not cure, and adds what comes of the rest.
pub(super) fn follow(e: &Evidence, d: &mut Diagnosis) {
    if d.root_cause.is_none() && d.warnings.is_empty() {
        return;
    }
    let whole = d.clone();
    let also = d.also.iter_mut().chain(&mut d.possible).chain(&mut d.warnings);
    for finding in d.root_cause.iter_mut().chain(also) {
        withhold(e, &whole, finding);
    }
    d.after = after(e, d);
}

/// Keeps of a finding's cures those that cure it.
fn withhold(e: &Evidence, d: &Diagnosis, finding: &mut Finding) {
    let cures = std::mem::take(&mut finding.cures);
    for cure in cures {
        let verdict = if cure.actions.is_empty() { Ok(()) } else { tried(e, d, finding, &cure) };
        finding.cures.push(match verdict {
            Ok(()) => cure,
            Err(why) => by_person(&cure, &why),
        });
    }
}

/// What stands in the place of a cure that is none.
fn by_person(cure: &Cure, why: &Useless) -> Cure {
    let note = match why {
        Useless::Stays => "tried on what was read, this change alone does not cure it".to_owned(),
        Useless::Adds(cause) => {
            format!("tried on what was read, this change makes room for {} {}", cause.code(), cause.name())
        }
        Useless::Admits(who) => format!("this change would also admit {who}"),
    };
    Cure {
        title: format!("no change is offered for it: {}", cure.title),
        by_hand: [("note".to_owned(), note)].into(),
        ..Cure::default()
    }
}

fn after(e: &Evidence, d: &Diagnosis) -> Option<After> {
    let root = d.root_cause.as_ref()?;
    let whole = course(e, d, &|_, _| None);
    let Course { taken, end, .. } = whole;
    let steps: Vec<AfterStep> = taken
        .iter()
        .map(|t| AfterStep {
            code: t.cause.code().to_owned(),
            name: t.cause,
            words: described(&t.before, &t.action).words,
            changes: described(&t.before, &t.action).changes,
        })
        .collect();
    let (remains, open, outcome) = if steps.is_empty() {
        let left = d.also.iter().chain(&d.possible).map(remaining).collect();
        (left, d.undetermined.clone(), d.outcome)
    } else {
        (named(&end).chain(&end.possible).map(remaining).collect(), end.undetermined.clone(), end.outcome)
    };
    Some(After { sentence: sentence(e, d, root), steps, remains, open, outcome })
}

pub(crate) fn remaining(f: &Finding) -> Remaining {
    Remaining { code: f.code().to_owned(), name: f.cause, confidence: f.confidence, sentence: f.sentence.clone() }
}

/// What fails once the root cause, and nothing else, is cured.
fn sentence(e: &Evidence, d: &Diagnosis, root: &Finding) -> String {
    let acting = root.cures.iter().find(|c| !c.actions.is_empty());
    let Some(cure) = acting else {
        // What a person will change is not foretold; what fails by itself besides, is known.
        return match d.also.first() {
            Some(next) => fails(next),
            None => "what a person changes is not foretold: run the diagnosis again after it".to_owned(),
        };
    };
    let mut then = cure.actions.iter().fold(e.clone(), |e, action| applied(&e, action));
    let mut told = walk(&then, None);
    // Pods that fail from before the change show nothing of after it.
    if told.root_cause.is_none()
        && told.outcome != Outcome::Ok
        && then.pods_down() > 0
        && let Some(renewal) = renewal_of(&then, Which::Needy)
    {
        then = applied(&then, &renewal);
        told = walk(&then, None);
    }
    match &told.root_cause {
        Some(next) => fails(next),
        None if told.outcome == Outcome::Ok => "after this, nothing is known that would fail".to_owned(),
        None if matches!(then.exchange, Observed::Spared { .. }) => {
            "after this, nothing is known that would fail; a real exchange, made once it is done, will tell".to_owned()
        }
        None => match told.undetermined.first() {
            Some(open) => format!("after this, nothing is known that would fail; not decided: {open}"),
            None => "after this, nothing is known that would fail, and not everything was looked at".to_owned(),
        },
    }
}

fn fails(next: &Finding) -> String {
    let what = match next.link() {
        Link::Workload | Link::ServiceAccount | Link::Injection => "its pods would still lack the identity",
        Link::Permissions => "its calls would still be refused",
        Link::Token | Link::Issuer | Link::Keys | Link::Tls | Link::Provider | Link::Trust | Link::Exchange => {
            "the exchange would still be refused"
        }
    };
    let sure = match next.confidence {
        Confidence::Proven => "because",
        Confidence::Likely => "likely because",
        Confidence::Possible => "possibly because",
    };
    format!("after this, {what}, {sure} {}: {}", next.code(), next.sentence)
}
