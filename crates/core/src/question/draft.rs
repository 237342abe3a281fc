//! What a group of rules answers before a rule puts its name to it.

use std::collections::BTreeMap;

use super::names;
use crate::cause::Cause;
use crate::evidence::{LogFailure, View};
use crate::finding::{Confidence, Exhibit};
use crate::plan::{Action, Cure};
use trustwalk_foreign::{is_reading, visible};
use trustwalk_symptoms::Symptom;

/// A finding without the rule's name and code.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) sentence: String,
    pub(crate) confidence: Confidence,
    pub(crate) proof: Vec<Exhibit>,
    pub(crate) cures: Vec<Cure>,
    pub(crate) decide: Option<String>,
    /// Whether nothing fails yet because of it.
    pub(crate) quiet: bool,
    /// The line of a log that it rests on.
    heard: Option<Symptom>,
    /// Whether that line has a time.
    dated: bool,
    /// Whether anything else that was read speaks for it.
    corroborated: bool,
}

impl Draft {
    /// A finding the evidence proves.
    pub(crate) fn new(sentence: impl Into<String>) -> Self {
        Self {
            sentence: sentence.into(),
            confidence: Confidence::Proven,
            proof: Vec::new(),
            cures: Vec::new(),
            decide: None,
            quiet: false,
            heard: None,
            dated: false,
            corroborated: false,
        }
    }

    /// Less than certain, and what would settle it.
    pub(crate) fn unsure(mut self, confidence: Confidence, decide: impl Into<String>) -> Self {
        self.confidence = confidence;
        self.decide = Some(decide.into());
        self
    }

    /// Nothing is known to fail by it: a warning, whatever its cause is elsewhere.
    pub(crate) fn warns(mut self) -> Self {
        self.quiet = true;
        self
    }

    /// Whether nothing is known to fail by it.
    pub(crate) fn is_warning(&self) -> bool {
        self.quiet
    }

    /// A finding that rests on what time it is: proven only where somebody besides this machine's clock says so.
    pub(crate) fn timed(self, e: &View<'_>) -> Self {
        match e.time_told() {
            Some(_) => self,
            None => self.unsure(
                Confidence::Likely,
                "the time: this machine's clock is the only witness; compare `date -u` with the Date of a server's \
                 answer",
            ),
        }
    }

    /// Nothing fails because of it yet.
    pub(crate) fn quiet(mut self) -> Self {
        self.quiet = true;
        self
    }

    /// Adds a value of the proof.
    pub(crate) fn show(mut self, label: &str, value: impl Into<String>, origin: impl Into<String>) -> Self {
        self.proof.push(Exhibit::new(label, value, origin));
        self.corroborated = true;
        self
    }

    /// Adds the line of a log that it rests on.
    pub(crate) fn hear(mut self, line: &LogFailure) -> Self {
        self.proof.push(Exhibit::new("failure", line.sample.clone(), line.origin.clone()));
        self.heard = Some(line.failure.symptom);
        self.dated = line.last.is_some() || line.failure.ts.is_some();
        self
    }

    /// The line that it rests on alone, nothing that was read besides speaking for it.
    pub(crate) fn heard_alone(&self) -> Option<Symptom> {
        self.heard.filter(|_| !self.corroborated)
    }

    /// Whether it rests alone on a line that may be older than all that runs now.
    pub(crate) fn may_be_of_former_pods(&self) -> bool {
        self.heard_alone().is_some() && self.dated
    }

    /// Adds a cure a person carries out; pairs of tool and command.
    pub(crate) fn cure(mut self, title: impl Into<String>, by_hand: &[(&str, String)]) -> Self {
        self.cures.push(cure(title, Vec::new(), by_hand));
        self
    }

    /// The same with the lines that it changes.
    pub(crate) fn by_hand(
        mut self,
        title: impl Into<String>,
        changes: Vec<String>,
        by_hand: &[(&str, String)],
    ) -> Self {
        self.cures.push(Cure { changes, ..cure(title, Vec::new(), by_hand) });
        self
    }

    /// Adds a cure trustwalk can carry out.
    pub(crate) fn act(mut self, title: impl Into<String>, actions: Vec<Action>, by_hand: &[(&str, String)]) -> Self {
        self.cures.push(cure(title, actions, by_hand));
        self
    }
}

/// The tools whose texts are commands that may change something.
const CHANGING: [&str; 4] = ["aws", "kubectl", "eksctl", "gh"];

/// Whether a command changes something and has a place that only a person can fill in: pasted as it is, it would write
/// the name of the place.
fn to_fill_in(tool: &str, text: &str) -> bool {
    CHANGING.contains(&tool) && names::blanks(text).next().is_some() && !is_reading(text)
}

fn cure(title: impl Into<String>, actions: Vec<Action>, by_hand: &[(&str, String)]) -> Cure {
    let words: Vec<String> = by_hand
        .iter()
        .filter(|(tool, text)| to_fill_in(tool, text))
        .map(|(_, text)| format!("filled in, this does it: `{text}`"))
        .collect();
    // Commands and snippets are quoted where they are made; a note's words only have to be seen.
    let mut ways: BTreeMap<String, String> = by_hand
        .iter()
        .filter(|(tool, text)| !to_fill_in(tool, text))
        .map(|(tool, text)| ((*tool).to_owned(), seen(tool, text)))
        .collect();
    let mut blanks: Vec<String> = Vec::new();
    for (blank, what) in by_hand.iter().filter(|(tool, _)| *tool != "note").flat_map(|(_, text)| names::blanks(text)) {
        let told = format!("{blank} is {what}");
        if !blanks.contains(&told) {
            blanks.push(told);
        }
    }
    if !blanks.is_empty() {
        let fill = format!("to fill in: {}", blanks.join("; "));
        let note: Vec<String> = words.into_iter().chain(ways.remove("note")).chain([fill]).collect();
        ways.insert("note".to_owned(), note.join("; "));
    }
    Cure { title: title.into(), actions, by_hand: ways, ..Cure::default() }
}

/// A cause found, and the finding.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) cause: Cause,
    pub(crate) draft: Draft,
}

/// What a group found.
#[derive(Debug, Clone, Default)]
pub(crate) struct Judged {
    pub(crate) found: Vec<Found>,
    pub(crate) missing: Vec<String>,
    pub(crate) not_applicable: Option<String>,
    /// Causes that something seen contradicts, and what.
    pub(crate) excluded: Vec<(Cause, String)>,
}

impl Judged {
    /// The group has no bearing.
    pub(crate) fn none(why: impl Into<String>) -> Self {
        Self { not_applicable: Some(why.into()), ..Self::default() }
    }

    /// The group cannot tell.
    pub(crate) fn open(missing: impl Into<String>) -> Self {
        Self { missing: vec![missing.into()], ..Self::default() }
    }

    /// One cause.
    pub(crate) fn one(cause: Cause, draft: Draft) -> Self {
        Self { found: vec![Found { cause, draft }], ..Self::default() }
    }

    /// Whether something that bears on the answer was not read.
    pub(crate) fn is_open(&self) -> bool {
        !self.missing.is_empty()
    }

    /// Takes in another answer to the same question.
    pub(crate) fn join(&mut self, other: Self) {
        self.found.extend(other.found);
        self.missing.extend(other.missing);
        self.excluded.extend(other.excluded);
    }

    /// Rules a cause out.
    pub(crate) fn exclude(&mut self, cause: Cause, by: impl Into<String>) {
        self.excluded.push((cause, by.into()));
    }

    /// Adds a cause.
    pub(crate) fn push(&mut self, cause: Cause, draft: Draft) {
        self.found.push(Found { cause, draft });
    }
}

fn seen(tool: &str, text: &str) -> String {
    if tool == "note" { visible::block(text).into_owned() } else { text.to_owned() }
}
