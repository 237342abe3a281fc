//! A plan as a document: what `fix -o json` prints, what `--out` writes, and what `--plan` takes as a claim.

mod compare;
mod digest;
mod read;
mod risk;
mod users;

pub use compare::{Difference, differences};
pub use read::{PLAN_BYTES, PlanFault, read_plan};
pub use risk::{Risk, RiskLevel};
pub use users::{Listed, Users};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::action::Action;
use super::applied::applied;
use super::describe::Undoing;
use super::entry::Entry;
use super::model::ROTATION;
use super::model::{Applicability, Effect, Plan, Step, Withheld};
use super::no_way::no_way;
use super::ways::ways;
use crate::diagnosis::{Outcome, Remaining, named, remaining, walk};
use crate::evidence::{Evidence, Target, View};

/// Version of the document. A member that goes or changes its meaning raises it.
pub const PLAN_VERSION: u32 = 1;

/// Where a plan is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Site {
    /// The AWS account; `None` when the caller is not known.
    pub account: Option<String>,
    /// The region in use.
    pub region: Option<String>,
    /// ARN of the EKS cluster, or its name.
    pub cluster: Option<String>,
    /// URL of the API server.
    pub server: Option<String>,
}

/// What must still be true right before a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checked {
    /// In words.
    pub words: String,
    /// The value that was read when the plan was made, canonical JSON or text.
    pub expected: String,
    /// SHA-256 of that value, in lower-case hexadecimal: of JSON with its members in order and without white space,
    /// of lists in order of their items, of thumbprints in lower case.
    pub digest: String,
}

/// How a step is undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UndoWay {
    /// What was there is put back: see `inverse`.
    Restore,
    /// What was added is taken away.
    TakeAway,
    /// Nothing need be undone.
    Nothing,
    /// It cannot be undone.
    Impossible,
}

/// How a step is undone, and in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undo {
    /// In which way.
    pub way: UndoWay,
    /// In words.
    pub words: String,
}

/// One step, with all that whoever approves it has to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedStep {
    /// The change.
    pub action: Action,
    /// What must still hold.
    pub precondition: Checked,
    /// What it does.
    pub effect: Effect,
    /// The change that undoes it; `None` when it is undone by taking something away, or not at all.
    pub inverse: Option<Action>,
    /// How it is undone.
    pub undo: Undo,
    /// Who may take it.
    pub applicability: Applicability,
    /// Who else uses the object.
    pub users: Users,
    /// What may go wrong for whom.
    pub risk: Risk,
    /// The same change by hand, tool by tool.
    pub by_hand: BTreeMap<String, String>,
    /// Of `aws`, `kubectl`, `terraform`, `cloudformation`, `eksctl` and `helm` those that cannot make it, and why.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub no_way: BTreeMap<String, String>,
}

/// What is expected once all steps are taken, tried on what was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expectation {
    /// In one sentence.
    pub sentence: String,
    /// What it would come to.
    pub outcome: Outcome,
    /// What would still be wrong.
    pub remains: Vec<Remaining>,
    /// What could not be told.
    pub open: Vec<String>,
}

/// A plan as a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanDocument {
    /// Format version.
    pub version: u32,
    /// When it was made, Unix seconds.
    pub made: i64,
    /// The version of trustwalk that made it.
    pub tool: String,
    /// What was asked about.
    pub target: Target,
    /// Where.
    pub place: Site,
    /// The causes that it cures.
    pub cures: String,
    /// Steps in order.
    pub steps: Vec<PlannedStep>,
    /// Changes that are left to the tools that keep the objects.
    pub withheld: Vec<Withheld>,
    /// What a person must know or do besides.
    pub notes: Vec<String>,
    /// What is expected after the last step; `None` for a plan without steps.
    pub after: Option<Expectation>,
    /// Whether the user named what the plan is for.
    pub entry: Entry,
    /// By what the user who wrote the file knows it again, HMAC-SHA256 in hexadecimal; not of what is printed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seal: Option<String>,
}

impl PlanDocument {
    /// What a seal covers: the document without it.
    pub fn to_be_sealed(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(&Self { seal: None, ..self.clone() })
    }

    /// Whether it is of the rotation of an issuer's certificates.
    pub fn is_rotation(&self) -> bool {
        self.cures == ROTATION
    }
}

/// What made a plan, besides the evidence.
#[derive(Debug, Clone, Copy)]
pub struct Maker<'a> {
    /// The version of trustwalk.
    pub tool: &'a str,
    /// The API server's URL, where there is a cluster.
    pub server: Option<&'a str>,
    /// Whether the user named what the plan is for.
    pub entry: Entry,
}

/// The document of a plan that was built from the evidence.
pub fn document(e: &Evidence, plan: &Plan, maker: Maker<'_>) -> PlanDocument {
    let mut before = e.clone();
    let mut steps = Vec::new();
    for step in &plan.steps {
        steps.push(planned(&before, step));
        before = applied(&before, &step.action);
    }
    let after = (!steps.is_empty()).then(|| expectation(&before));
    PlanDocument {
        version: PLAN_VERSION,
        made: plan.made,
        tool: maker.tool.to_owned(),
        target: e.target.clone(),
        place: Site {
            account: e.caller.known().map(|c| c.account.clone()),
            region: e.region.clone(),
            cluster: e.cluster.known().map(|c| if c.arn.is_empty() { c.name.clone() } else { c.arn.clone() }),
            server: maker.server.map(str::to_owned),
        },
        cures: plan.cures.clone(),
        steps,
        withheld: plan.withheld.clone(),
        notes: plan.notes.clone(),
        after,
        entry: maker.entry,
        seal: None,
    }
}

fn planned(before: &Evidence, step: &Step) -> PlannedStep {
    let Step { action, precondition, effect, inverse, applicability } = step.clone();
    let by_hand: BTreeMap<String, String> =
        ways(&View::new(before), &action).into_iter().map(|(tool, text)| (tool.to_owned(), text)).collect();
    let users = users::of(before, &action);
    PlannedStep {
        precondition: Checked {
            digest: digest::of(&action, &precondition.expected),
            words: precondition.words,
            expected: precondition.expected,
        },
        undo: undo(step),
        risk: risk::of(before, &action, &users),
        users,
        no_way: no_way(&action, &by_hand),
        by_hand,
        effect,
        inverse,
        applicability,
        action,
    }
}

/// How a step is undone, as data and in words.
fn undo(step: &Step) -> Undo {
    let (way, words) = match step.undoing() {
        Undoing::Restore(_) => (UndoWay::Restore, "trustwalk rollback restores what was there".to_owned()),
        Undoing::TakeAway => (UndoWay::TakeAway, "trustwalk rollback takes it away again".to_owned()),
        Undoing::Nothing => (UndoWay::Nothing, "nothing to undo".to_owned()),
        Undoing::Impossible(why) => (UndoWay::Impossible, format!("cannot be relied on: {why}")),
    };
    Undo { way, words }
}

fn expectation(after: &Evidence) -> Expectation {
    let told = walk(after, None);
    let sentence = match (&told.root_cause, told.outcome, told.undetermined.first()) {
        (Some(next), _, _) => format!("{} {} would still stand: {}", next.code(), next.name(), next.sentence),
        (None, Outcome::Ok, _) => "nothing is known that would fail".to_owned(),
        (None, _, Some(open)) => format!("nothing is known that would fail; not decided: {open}"),
        (None, _, None) => "nothing is known that would fail, and not everything was looked at".to_owned(),
    };
    Expectation {
        sentence,
        outcome: told.outcome,
        remains: named(&told).chain(&told.possible).map(remaining).collect(),
        open: told.undetermined.clone(),
    }
}

impl PlannedStep {
    /// The step as it is carried out and kept in receipts.
    pub fn step(&self) -> Step {
        Step {
            action: self.action.clone(),
            precondition: super::model::Precondition {
                words: self.precondition.words.clone(),
                expected: self.precondition.expected.clone(),
            },
            effect: self.effect.clone(),
            inverse: self.inverse.clone(),
            applicability: self.applicability,
        }
    }
}
