//! Findings of core as findings at a place: symbols shown as such, and no command that holds one.

use trustwalk_checkout::Place;
use trustwalk_core::diagnosis::Diagnosis;
use trustwalk_core::finding::{Confidence, Finding};

use crate::fill::{Fill, is_made_up, shown};
use crate::model::{Found, Related, Spot, fingerprint};

/// Every finding of a diagnosis that is more than possible.
pub(crate) fn of(diagnosis: Diagnosis) -> Vec<Finding> {
    parted(diagnosis).0
}

/// Every finding of a diagnosis that is more than possible, and those that are no more.
pub(crate) fn parted(diagnosis: Diagnosis) -> (Vec<Finding>, Vec<Finding>) {
    let all = diagnosis.root_cause.into_iter().chain(diagnosis.also).chain(diagnosis.possible);
    all.chain(diagnosis.warnings).partition(|f| f.confidence > Confidence::Possible)
}

/// A finding with its symbols shown, at its place.
pub(crate) fn found(mut finding: Finding, identity: &str, at: &Place, related: Vec<Related>, fill: &Fill) -> Found {
    let words = |text: &str| fill.shown(text);
    finding.sentence = words(&finding.sentence);
    for exhibit in &mut finding.proof {
        exhibit.value = words(&exhibit.value);
        exhibit.origin = words(&exhibit.origin);
    }
    finding.decide = finding.decide.as_deref().map(words);
    for cure in &mut finding.cures {
        cure.title = words(&cure.title);
        // What stands for a symbol is nothing to paste.
        cure.by_hand.retain(|_, text| !is_made_up(text));
        if cure.changes.iter().any(|line| is_made_up(line)) {
            cure.changes = cure.changes.iter().map(|line| shown(line)).collect();
        }
        // Files are mended in files: what trustwalk would do to the live world is another command's business.
        cure.actions.clear();
    }
    let fingerprint = fingerprint(finding.cause, &at.path, identity);
    Found { fingerprint, identity: identity.to_owned(), also: Vec::new(), at: Spot::from(at), related, finding }
}

/// What stands at another place.
pub(crate) fn related(label: &str, at: &Place) -> Related {
    Related { label: label.to_owned(), at: Spot::from(at) }
}
