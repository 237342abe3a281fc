//! Asks every question once, and gathers what became of each cause.

use std::collections::BTreeSet;

use trustwalk_symptoms::Symptom;

use super::draft::{Draft, Judged};
use super::facts::lacking;
use super::{
    apart, ci, client, differs, injection, issuer, network, permissions, provider, sequence, service_account, session,
    thumbprint, token, trust, workload,
};
use crate::cause::Cause;
use crate::evidence::{Evidence, Kind, Observed, View};
use crate::finding::{Confidence, Finding, Ruling, Standing};
use crate::link::Link;
use crate::severity::Severity;

/// One question: the causes that it may name, and what it answers.
struct Question {
    causes: &'static [Cause],
    /// The links that it judges as a whole: while it cannot, they are seen at most, whatever else was asked there.
    judges: &'static [Link],
    ask: fn(&View<'_>) -> Judged,
}

/// Every question, in walking order.
static QUESTIONS: [Question; 15] = [
    // First, so that what a sequence tells goes before what a line alone does.
    Question { causes: sequence::CAUSES, judges: &[], ask: sequence::causes },
    Question { causes: client::CAUSES, judges: &[], ask: client::causes },
    Question { causes: workload::CAUSES, judges: &[], ask: workload::causes },
    Question { causes: network::CAUSES, judges: &[], ask: network::causes },
    Question { causes: service_account::CAUSES, judges: &[Link::ServiceAccount], ask: service_account::causes },
    Question { causes: injection::CAUSES, judges: &[Link::Injection], ask: injection::causes },
    Question { causes: token::CAUSES, judges: &[Link::Token], ask: token::causes },
    Question { causes: ci::CAUSES, judges: &[], ask: ci::causes },
    Question { causes: issuer::CAUSES, judges: &[Link::Issuer, Link::Keys], ask: issuer::causes },
    Question { causes: thumbprint::CAUSES, judges: &[Link::Tls], ask: thumbprint::causes },
    Question { causes: provider::CAUSES, judges: &[Link::Provider], ask: provider::causes },
    Question { causes: trust::CAUSES, judges: &[Link::Trust], ask: trust::causes },
    Question { causes: session::CAUSES, judges: &[], ask: session::causes },
    Question { causes: permissions::CAUSES, judges: &[Link::Permissions], ask: permissions::causes },
    Question { causes: differs::CAUSES, judges: &[], ask: differs::causes },
];

/// What all questions answered.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    /// Of every cause, in the order of the codes.
    pub(crate) rulings: Vec<Ruling>,
    /// What is established or supported, in the order of the codes.
    pub(crate) found: Vec<Finding>,
    /// For each of them the log's line that it rests on alone.
    pub(crate) heard: Vec<Option<Symptom>>,
    /// What could not be told, by link.
    pub(crate) missing: Vec<(Link, String)>,
    /// Links of which at least one cause was judged.
    pub(crate) judged: BTreeSet<Link>,
}

/// A question's answer, and what it read to come to it.
struct Asked {
    causes: &'static [Cause],
    judges: &'static [Link],
    judged: Judged,
    read: BTreeSet<Kind>,
}

/// Asks every question.
pub(crate) fn answers(e: &Evidence) -> Answers {
    let asked: Vec<Asked> = QUESTIONS
        .iter()
        .map(|question| {
            let view = View::new(e);
            let judged = (question.ask)(&view);
            Asked { causes: question.causes, judges: question.judges, judged, read: view.kinds_read() }
        })
        .collect();
    let mut out = Answers::default();
    for cause in Cause::ALL {
        let about: Vec<&Asked> = asked.iter().filter(|a| a.causes.contains(cause)).collect();
        out.rule(e, *cause, &about);
    }
    for one in asked.iter().filter(|a| a.judged.found.is_empty() && a.judged.is_open()) {
        one.judges.iter().for_each(|link| {
            out.judged.remove(link);
        });
    }
    // What STS says is the judgement of the exchange; where nobody asked, there is none.
    if e.exchange.known().is_none() {
        out.judged.remove(&Link::Exchange);
    }
    out
}

impl Answers {
    fn rule(&mut self, e: &Evidence, cause: Cause, about: &[&Asked]) {
        let link = cause.link();
        let draft = about.iter().find_map(|a| a.judged.found.iter().find(|f| f.cause == cause)).map(|f| &f.draft);
        if let Some(draft) = draft {
            self.judged.insert(link);
            let mut finding = finding(cause, draft);
            if finding.confidence == Confidence::Proven
                && let Some(decide) = apart::undecided(e, cause)
            {
                (finding.confidence, finding.decide) = (Confidence::Likely, Some(decide));
            }
            if let Some(decide) = older(e, draft) {
                finding.confidence = finding.confidence.min(Confidence::Likely);
                finding.decide.get_or_insert(decide);
            }
            crate::plan::complete(e, &mut finding.cures);
            self.rulings.push(Ruling { cause, standing: standing(&finding) });
            self.found.push(finding);
            self.heard.push(draft.heard_alone());
            return;
        }
        if let Some((_, by)) = about.iter().flat_map(|a| &a.judged.excluded).find(|(c, _)| *c == cause) {
            self.judged.insert(link);
            self.rulings.push(Ruling { cause, standing: Standing::Excluded { by: by.clone() } });
            return;
        }
        let missing: Vec<String> = about.iter().flat_map(|a| &a.judged.missing).cloned().collect();
        if !missing.is_empty() {
            for text in &missing {
                if !self.missing.contains(&(link, text.clone())) {
                    self.missing.push((link, text.clone()));
                }
            }
            self.rulings.push(Ruling { cause, standing: Standing::Open { missing } });
            return;
        }
        let outside = about.iter().find_map(|a| a.judged.not_applicable.clone());
        if outside.is_none() {
            self.judged.insert(link);
        }
        // That a question has no bearing excludes nothing whose deciding facts nobody read.
        let standing = match (unnamed(e, cause, about), outside) {
            (Standing::Excluded { .. }, Some(by)) => Standing::Excluded { by },
            (standing, _) => standing,
        };
        self.rulings.push(Ruling { cause, standing });
    }
}

/// The standing of a cause that its questions did not name: excluded only where the facts that decide it were read.
fn unnamed(e: &Evidence, cause: Cause, about: &[&Asked]) -> Standing {
    if cause.decided_by().is_empty() {
        let missing = "nothing that is read from outside decides it: the workload itself, its image or its own \
                       configuration would";
        return Standing::Open { missing: vec![missing.to_owned()] };
    }
    let missing: Vec<String> = cause.decided_by().iter().filter_map(|k| e.unread(*k)).collect();
    if missing.is_empty() { Standing::Excluded { by: sources(e, about) } } else { Standing::Open { missing } }
}

/// Where what was read stands, for a cause of which nothing was found there.
fn sources(e: &Evidence, about: &[&Asked]) -> String {
    let read: BTreeSet<Kind> = about.iter().flat_map(|a| &a.read).copied().collect();
    let mut named: Vec<&str> = Vec::new();
    for source in read.iter().filter(|k| e.unread(**k).is_none()).filter_map(|k| e.read_from(*k)) {
        if !named.contains(&source.what.as_str()) {
            named.push(&source.what);
        }
    }
    if named.is_empty() {
        return "nothing that was read shows it".to_owned();
    }
    format!("not so in what was read: {}", named.join(", "))
}

fn finding(cause: Cause, draft: &Draft) -> Finding {
    Finding {
        cause,
        severity: if draft.quiet { Severity::Warning } else { cause.severity() },
        confidence: draft.confidence,
        sentence: draft.sentence.clone(),
        proof: draft.proof.clone(),
        cures: draft.cures.clone(),
        decide: draft.decide.clone(),
    }
}

/// What would tell whether the line that a finding rests on is older than the pods that run, where these were not read.
fn older(e: &Evidence, draft: &Draft) -> Option<String> {
    let unread = match &e.pods {
        Observed::Denied { .. } | Observed::Unreachable { .. } => draft.may_be_of_former_pods(),
        Observed::Known { .. } | Observed::Absent { .. } | Observed::NotCollected { .. } | Observed::Spared { .. } => {
            false
        }
    };
    unread.then(|| lacking("whether the pods that run were made after that line", &e.pods))
}

fn standing(finding: &Finding) -> Standing {
    match &finding.decide {
        None => Standing::Established,
        Some(decide) => Standing::Supported { would_decide: decide.clone() },
    }
}

impl Finding {
    /// Whether something fails because of it.
    pub(crate) fn fails(&self) -> bool {
        self.severity == Severity::Error
    }
}
