//! What a look at a checkout comes to.

use std::collections::BTreeMap;

use serde::Serialize;
use trustwalk_checkout::Place;
use trustwalk_core::cause::Cause;
use trustwalk_core::diagnosis::Outcome;
use trustwalk_core::finding::Finding;

use crate::change::TrustChange;
use crate::rehearsal::{Rehearsed, Way};

/// Further places and identities of which the same is said that are named.
const PLACES_TOLD: usize = 3;

/// Version of the document.
pub const SCHEMA: u32 = 1;

/// A place in a file: lines and columns from 1, columns in characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Spot {
    /// Path from the root of the checkout; `-` for standard input.
    pub file: String,
    /// First line.
    pub line: u32,
    /// First column.
    pub column: u32,
    /// Last line.
    pub end_line: u32,
    /// The column after the last character.
    pub end_column: u32,
}

impl From<&Place> for Spot {
    fn from(at: &Place) -> Self {
        Self {
            file: at.path.to_string(),
            line: at.line,
            column: at.column,
            end_line: at.end_line,
            end_column: at.end_column,
        }
    }
}

impl Spot {
    /// The same as readers have it.
    pub(crate) fn place(&self) -> Place {
        Place {
            path: self.file.as_str().into(),
            line: self.line,
            column: self.column,
            end_line: self.end_line,
            end_column: self.end_column,
        }
    }
}

impl std::fmt::Display for Spot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// What stands at a place beside the finding's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Related {
    /// What it is, in a word or two: `service account`.
    pub label: String,
    /// Where.
    pub at: Spot,
}

/// A finding at its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Found {
    /// The finding.
    #[serde(flatten)]
    pub finding: Finding,
    /// Whose it is.
    pub identity: String,
    /// Who else has the same at the same place, in the order of the names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<String>,
    /// What is wrong.
    pub at: Spot,
    /// The other half.
    pub related: Vec<Related>,
    /// What stays the same while the finding does, whatever else changes in its file.
    pub fingerprint: String,
}

impl Found {
    /// Whether it is also of somebody of this name.
    pub fn is_also_of(&self, who: &str) -> bool {
        self.also.binary_search_by(|one| one.as_str().cmp(who)).is_ok()
    }

    /// Who else has it, in words: `service account shop/a and 2 more`.
    pub fn others(&self) -> Option<String> {
        let shown = self.also.iter().take(PLACES_TOLD).cloned().collect::<Vec<_>>().join(", ");
        match self.also.len().checked_sub(PLACES_TOLD) {
            _ if self.also.is_empty() => None,
            None | Some(0) => Some(shown),
            Some(more) => Some(format!("{shown} and {more} more")),
        }
    }
}

/// What a person is told about a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    /// In one sentence.
    pub text: String,
    /// Whose way to a role it is about; none where it is about none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// Where; none where it is of no file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Spot>,
    /// When something sound breaks, Unix seconds, where it is about that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<i64>,
}

/// What an identity comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Both halves were read, and they fit.
    Sound,
    /// Both halves were read, and something unknown decides.
    Undetermined,
    /// The other half is not in what was read.
    Elsewhere,
    /// Something is wrong.
    Broken,
}

/// An identity: a service account, an association or a job, and the role that it is to have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Identity {
    /// Who, for people: `service account shop/reader`.
    pub who: String,
    /// The role that it names, as far as it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Where.
    pub at: Spot,
    /// Where it names the role.
    #[serde(skip)]
    pub role_at: Option<Spot>,
    /// The subject of its tokens, where it is one and all of it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// What it comes to.
    pub standing: Standing,
    /// What nothing but the trust policy tells, and is taken for what the policy says: `organization's slug`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub taken: Vec<String>,
}

/// A finding that somebody set aside, with a reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Suppressed {
    /// Code of the cause.
    pub code: String,
    /// Where.
    pub at: Spot,
    /// Why, in the words of whoever did it.
    pub reason: String,
    /// By what: a comment, `trustwalk.toml`, a baseline.
    pub by: String,
}

/// All of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Version of the document.
    pub schema: u32,
    /// What it comes to.
    pub outcome: Outcome,
    /// Files that were read.
    pub files: usize,
    /// Whose way to a role the files tell of.
    pub identities: Vec<Identity>,
    /// What is wrong.
    pub findings: Vec<Found>,
    /// What could not be decided, and what would decide it.
    pub undetermined: Vec<Note>,
    /// What to look at, though nothing is known to be wrong.
    pub notes: Vec<Note>,
    /// What was not read.
    pub unread: Vec<Note>,
    /// What was set aside.
    pub suppressed: Vec<Suppressed>,
    /// What a change makes of trust, where a revision to compare with was given.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<TrustChange>,
    /// What a lab made of each exchange, where it was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rehearsal: Option<Vec<Rehearsed>>,
    /// The exchanges that a lab can make.
    #[serde(skip)]
    pub ways: Vec<Way>,
}

impl Report {
    /// A report of nothing yet.
    pub fn new(files: usize) -> Self {
        Self {
            schema: SCHEMA,
            outcome: Outcome::Ok,
            files,
            identities: Vec::new(),
            findings: Vec::new(),
            undetermined: Vec::new(),
            notes: Vec::new(),
            unread: Vec::new(),
            suppressed: Vec::new(),
            changes: Vec::new(),
            rehearsal: None,
            ways: Vec::new(),
        }
    }

    /// Puts everything in order, each thing once, and says what it comes to.
    pub fn finish(&mut self) {
        self.findings.sort_by(|a, b| (&a.at, a.finding.cause, &a.identity).cmp(&(&b.at, b.finding.cause, &b.identity)));
        self.findings.dedup_by(|b, a| {
            let same = a.at == b.at && a.finding.cause == b.finding.cause;
            // One more who has it is another finding than the one that somebody set aside.
            if same && b.identity != a.identity && a.also.last() != Some(&b.identity) {
                a.also.push(std::mem::take(&mut b.identity));
            }
            same
        });
        for found in self.findings.iter_mut().filter(|found| !found.also.is_empty()) {
            let all = [std::slice::from_ref(&found.identity), &found.also].concat();
            found.fingerprint = fingerprint(found.finding.cause, &found.at.file, &all.join("\n"));
        }
        for notes in [&mut self.undetermined, &mut self.notes, &mut self.unread] {
            notes.sort_by(|a, b| (&a.at, &a.text).cmp(&(&b.at, &b.text)));
            notes.dedup();
            *notes = folded(std::mem::take(notes));
        }
        // Trust that is wider than before is a finding even where nothing breaks.
        let wider = self.changes.iter().any(TrustChange::widens);
        self.outcome = if !self.findings.is_empty() || wider {
            Outcome::RootCause
        } else if !self.undetermined.is_empty() || !self.unread.is_empty() {
            Outcome::Undetermined
        } else {
            Outcome::Ok
        };
    }
}

/// The same of several ways, told once at the first of them: a workflow that is called from many has as many, and many
/// ask for one role.
fn folded(notes: Vec<Note>) -> Vec<Note> {
    let mut all: Vec<(Note, usize)> = Vec::new();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for note in notes {
        let gist = note.identity.as_ref().and_then(|who| note.text.strip_prefix(who.as_str()).map(str::to_owned));
        let first = gist.as_ref().and_then(|gist| all.get_mut(*seen.get(gist)?));
        match (first, gist) {
            (Some((_, more)), _) => *more += 1,
            (None, gist) => {
                seen.extend(gist.map(|gist| (gist, all.len())));
                all.push((note, 0));
            }
        }
    }
    let told = |(note, more): (Note, usize)| match more {
        0 => note,
        1 => Note { text: format!("{} (and 1 other way)", note.text), ..note },
        more => Note { text: format!("{} (and {more} other ways)", note.text), ..note },
    };
    by_place(all.into_iter().map(told))
}

/// The same said of several places, told once at the first of them.
fn by_place(notes: impl Iterator<Item = Note>) -> Vec<Note> {
    let mut all: Vec<(Note, Vec<Spot>)> = Vec::new();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for note in notes {
        // What is due on a day of its own is told on its own.
        let first = seen.get(&note.text).filter(|_| note.when.is_none()).and_then(|n| all.get_mut(*n));
        if let (Some((_, more)), Some(at)) = (first, &note.at) {
            more.push(at.clone());
        } else {
            seen.entry(note.text.clone()).or_insert(all.len());
            all.push((note, Vec::new()));
        }
    }
    let told = |(note, more): (Note, Vec<Spot>)| {
        let Some(shown) = (!more.is_empty()).then(|| more.iter().take(PLACES_TOLD)) else { return note };
        let mut places = shown.map(Spot::to_string).collect::<Vec<_>>().join(", ");
        if more.len() > PLACES_TOLD {
            places = format!("{places} and {} more", more.len() - PLACES_TOLD);
        }
        Note { text: format!("{} (also at {places})", note.text), ..note }
    };
    all.into_iter().map(told).collect()
}

/// What stays the same of a finding while its line moves: its cause, its file, whose it is, and which of several it is.
pub(crate) fn fingerprint(cause: Cause, file: &str, identity: &str) -> String {
    // FNV-1a: no secret depends on it, and it is the same everywhere.
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in [cause.name(), "\n", file, "\n", identity].concat().bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    format!("{hash:016x}")
}
