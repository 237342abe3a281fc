//! The journal of a run, which is also its receipt: written before and after every step, whole
//! and atomically, so that a crash at any point leaves a file that says how far things came; signed with a key of
//! the user's, so that a file from elsewhere is known for one; with a history in which each entry holds the digest of
//! the one before it.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use aws_lc_rs::hmac;
use trustwalk_core::evidence::Target;
use trustwalk_core::plan::{
    Errand, Event, Fault, Hand, Made, Place, Plan, RECEIPT_BYTES, RECEIPT_VERSION, Reading, Receipt, ReceiptStep, Seal,
    Step, StepState, read_receipt, sealed, to_be_sealed,
};

use crate::error::{ApplyError, Foreign};
use crate::home::{Home, digest, open_plain};
use crate::kept::Kept;
use crate::place;

/// A receipt and the file it lives in.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    receipt: Receipt,
    place: Place,
    home: Home,
    /// Why it is not known to be the user's own; `None` for one that is.
    foreign: Option<Foreign>,
    /// Where it is written to; `None` for a journal that is only read, and for one that is closed.
    kept: Option<Kept>,
    /// Held from the first look to the last write; empty for a journal that is only read.
    locks: Vec<File>,
}

/// What a journal is begun with.
pub(crate) struct Beginning {
    /// Its file, which must not exist.
    pub(crate) path: PathBuf,
    /// What the plan is for.
    pub(crate) target: Target,
    /// Where it is carried out.
    pub(crate) place: Place,
    /// By whom.
    pub(crate) by: Hand,
    /// The user's own.
    pub(crate) home: Home,
    /// The place's locks.
    pub(crate) locks: Vec<File>,
}

impl Journal {
    /// Begins a journal; the file exists, and has room for all that is to come, before the first step is taken. An
    /// earlier run's file is never replaced: it may be the only way back.
    pub(crate) fn begin(plan: &Plan, with: Beginning) -> Result<Self, ApplyError> {
        let Beginning { path, target, place, by, home, locks } = with;
        let now = home.now();
        let pending = |step: &Step| ReceiptStep {
            step: step.clone(),
            state: StepState::Pending,
            at: now,
            began: None,
            note: None,
            made: None,
        };
        let receipt = Receipt {
            version: RECEIPT_VERSION,
            cures: plan.cures.clone(),
            began: now,
            ended: None,
            steps: plan.steps.iter().map(pending).collect(),
            entries: Vec::new(),
            verified: None,
            target,
            foreign: false,
        };
        let mut journal = Self { path, receipt, place, home, foreign: None, kept: None, locks };
        journal.record(Event::TakenUp { errand: Errand::Fix, by });
        let bytes = journal.bytes()?;
        // A way back that could not be gone is none: nothing is begun then.
        read_receipt(&bytes).map_err(ApplyError::Unfit)?;
        if journal.path.symlink_metadata().is_ok() {
            return Err(ApplyError::Exists { path: journal.path });
        }
        let fail = |source| ApplyError::NoJournal { path: journal.path.clone(), source };
        let mut kept = Kept::reserve(&journal.path, journal.room(bytes.len())).map_err(fail)?;
        match kept.create(&bytes) {
            Ok(()) => {}
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {
                return Err(ApplyError::Exists { path: journal.path });
            }
            Err(e) => return Err(fail(e)),
        }
        journal.kept = Some(kept);
        Ok(journal)
    }

    /// Opens what an earlier run left, or what somebody says it did.
    pub fn open(path: &Path, home: &Home) -> Result<Self, ApplyError> {
        let unreadable = |source| ApplyError::Unreadable { path: path.to_owned(), source };
        let mut bytes = Vec::new();
        let file = open_plain(path, File::options().read(true)).map_err(unreadable)?;
        file.take(RECEIPT_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        let read = read_receipt(&bytes);
        // Another file of trustwalk's is no receipt that was damaged, unless it took one's place.
        let claims = is_named_as_one(path) || (claims_to_be_one(&bytes) && !matches!(read, Err(Fault::Other(_))));
        let bad = |reason: String| ApplyError::NotAReceipt { path: path.to_owned(), claims, reason };
        if bytes.len() as u64 > RECEIPT_BYTES {
            return Err(bad(format!("it is larger than {RECEIPT_BYTES} bytes")));
        }
        let reading = read.map_err(|e| bad(e.to_string()))?;
        reading.check_history(digest).map_err(|e| bad(e.to_string()))?;
        let Reading { mut receipt, place, seal, as_written } = reading;
        let foreign = match &seal {
            Seal::Checksum(sum) => {
                let whole = serde_json::to_vec(&(&as_written, &place)).map_err(|e| bad(e.to_string()))?;
                if digest(&whole) != *sum {
                    return Err(bad(DAMAGED.to_owned()));
                }
                Some(Foreign::Unsigned)
            }
            Seal::None => Some(Foreign::Edited),
            Seal::Mac { covers, code } => {
                let covered = bytes.get(..*covers).unwrap_or_default();
                match home.known_key()? {
                    None => Some(Foreign::NoKey),
                    // Compared in a time that tells nothing.
                    Some(key) if hmac::verify(&key, covered, code).is_err() => Some(Foreign::OtherKey),
                    Some(_) if receipt.foreign => Some(Foreign::TakenOver),
                    Some(_) => None,
                }
            }
        };
        receipt.foreign = foreign.is_some();
        if receipt.entries.is_empty() {
            let found = receipt.as_found();
            receipt.record(home.now(), found, &place, digest);
        }
        receipt.version = RECEIPT_VERSION;
        let (path, home) = (path.to_owned(), home.clone());
        Ok(Self { path, receipt, place, home, foreign, kept: None, locks: Vec::new() })
    }

    /// Takes the place the receipt is about, or refuses: it is another one, or another run is at work.
    /// The file is read again under the lock, as that run may have gone on with it.
    ///
    /// What was shown to the user and approved is what is done: a file that says something else by now is refused.
    pub(crate) fn take(self, here: &Place, errand: Errand, by: Hand) -> Result<Self, ApplyError> {
        self.must_be(here)?;
        let locks = place::lock(here, &self.home)?;
        let mut again = Self::open(&self.path, &self.home)?;
        if !again.same_steps(&self) {
            return Err(ApplyError::Replaced { path: self.path });
        }
        again.locks = locks;
        again.record(Event::TakenUp { errand, by });
        let bytes = again.bytes()?;
        let fail = |source| ApplyError::NoJournal { path: self.path.clone(), source };
        let mut kept = Kept::reserve(&again.path, again.room(bytes.len())).map_err(fail)?;
        kept.put(&bytes).map_err(fail)?;
        again.kept = Some(kept);
        Ok(again)
    }

    pub(crate) fn must_be(&self, here: &Place) -> Result<(), ApplyError> {
        let steps: Vec<&Step> = self.receipt.steps.iter().map(|s| &s.step).collect();
        place::must_be(&self.place, here, &steps)
    }

    fn same_steps(&self, other: &Self) -> bool {
        let steps = |journal: &Self| journal.receipt.steps.iter().map(|s| s.step.clone()).collect::<Vec<_>>();
        self.foreign == other.foreign
            && self.place == other.place
            && self.receipt.target == other.receipt.target
            && steps(self) == steps(other)
    }

    /// The receipt as it stands.
    pub fn receipt(&self) -> &Receipt {
        &self.receipt
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Why this receipt is not known to be the user's own; `None` for one that is.
    pub fn foreign(&self) -> Option<Foreign> {
        self.foreign
    }

    pub(crate) fn now(&self) -> i64 {
        self.home.now()
    }

    /// Where it was done.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The digest of the last entry of its history.
    pub fn last_digest(&self) -> String {
        self.receipt.last_digest(&self.place, digest)
    }

    /// Records how far a step came, and what is to be known of that.
    pub(crate) fn mark(&mut self, index: usize, state: StepState, note: Option<String>) -> Result<(), ApplyError> {
        self.record(Event::Step { step: index, state, note: note.map(short) });
        self.save()
    }

    /// Records the provider that a step made, before anything else can go wrong.
    pub(crate) fn mark_made(&mut self, index: usize, made: Made) -> Result<(), ApplyError> {
        self.record(Event::Made { step: index, made });
        self.save()
    }

    /// Closes the run.
    pub fn end(&mut self, verified: Option<String>) -> Result<(), ApplyError> {
        self.record(Event::Ended { verified: verified.map(short) });
        self.save()?;
        self.kept = None;
        self.locks.clear();
        Ok(())
    }

    fn record(&mut self, event: Event) {
        let now = self.now();
        self.receipt.record(now, event, &self.place, digest);
    }

    /// What the file may grow to before this run ends.
    fn room(&self, bytes: usize) -> u64 {
        (bytes + (self.receipt.steps.len() * MARKS + 1) * MARK_BYTES) as u64
    }

    fn bytes(&self) -> Result<Vec<u8>, ApplyError> {
        let key = self.home.key()?;
        let covered = to_be_sealed(&self.receipt, &self.place)
            .map_err(|e| ApplyError::Journal { path: self.path.clone(), source: e.into() })?;
        let code = hmac::sign(&key, &covered);
        Ok(sealed(covered, code.as_ref()))
    }

    /// On the disk before anything else is done.
    fn save(&mut self) -> Result<(), ApplyError> {
        let fail = |source| ApplyError::Journal { path: self.path.clone(), source };
        // Something was done by now: a key that is gone is a journal that cannot be kept, and no refusal.
        let kept = |e| if let ApplyError::Home(home) = e { fail(std::io::Error::other(home)) } else { e };
        let bytes = self.bytes().map_err(kept)?;
        match &mut self.kept {
            Some(kept) => kept.put(&bytes).map_err(fail),
            None => Err(fail(std::io::Error::other("it is only read"))),
        }
    }
}

/// Most marks that one run leaves at a step: begun, refused, begun, made twice, done; or undone with as many.
const MARKS: usize = 6;
/// What a mark adds at most: an entry, and a note that stands in it and with the step. Signs that are escaped take
/// more; a file that grows beyond its room asks for more.
const MARK_BYTES: usize = 4096;
/// Longest note that is written.
const NOTE_BYTES: usize = 1500;

fn is_named_as_one(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("trustwalk-receipt-"))
}

/// Whether a file may have been a receipt: what is left of one begins as they all do.
fn claims_to_be_one(bytes: &[u8]) -> bool {
    const BEGINNING: &[u8] = b"{\n  \"version\": ";
    let has = |member: &[u8]| bytes.windows(member.len()).any(|w| w == member);
    (bytes.starts_with(BEGINNING) && has(b"\"cures\"")) || (has(b"\"cures\"") && has(b"\"precondition\""))
}

/// What somebody else said, no longer than there is room for.
fn short(mut words: String) -> String {
    words.truncate(words.floor_char_boundary(NOTE_BYTES));
    words
}

const DAMAGED: &str = "its checksum does not match: it was edited or damaged after it was written, so what it says \
    was done cannot be relied on";

#[cfg(test)]
#[path = "journal_tests.rs"]
mod tests;
