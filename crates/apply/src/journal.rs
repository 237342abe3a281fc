//! The journal of a run, which is also its receipt: written before and after every step, whole
//! and atomically, so that a crash at any point leaves a file that says how far things came; and
//! signed with a key of the user's, so that a file from elsewhere is known for one.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use aws_lc_rs::hmac;
use trustwalk_core::evidence::Target;
use trustwalk_core::plan::{
    MOST_WORDS, Made, Place, Plan, RECEIPT_BYTES, RECEIPT_VERSION, Reading, Receipt, ReceiptStep, Seal, Step,
    StepState, read_receipt, sealed, to_be_sealed,
};

use crate::error::{ApplyError, Foreign};
use crate::home::{Home, digest, open_plain, private_temporary};
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
    /// Held from the first look to the last write; empty for a journal that is only read.
    locks: Vec<File>,
}

impl Journal {
    /// Begins a journal; the file exists before the first step is taken. An earlier run's file is never
    /// replaced: it may be the only way back.
    pub(crate) fn begin(
        path: PathBuf,
        plan: &Plan,
        target: Target,
        place: Place,
        home: Home,
        locks: Vec<File>,
    ) -> Result<Self, ApplyError> {
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
            verified: None,
            target,
            foreign: false,
        };
        let journal = Self { path, receipt, place, home, foreign: None, locks };
        let bytes = journal.bytes()?;
        // A way back that could not be gone is none: nothing is begun then.
        read_receipt(&bytes).map_err(ApplyError::Unfit)?;
        let fail = |source| ApplyError::Journal { path: journal.path.clone(), source };
        let file = journal.written_beside(&bytes).map_err(fail)?;
        match file.persist_noclobber(&journal.path) {
            Ok(_) => journal.sync_folder(),
            Err(e) if e.error.kind() == std::io::ErrorKind::AlreadyExists => {
                return Err(ApplyError::Exists { path: journal.path });
            }
            Err(e) => return Err(fail(e.error)),
        }
        Ok(journal)
    }

    /// Opens what an earlier run left, or what somebody says it did.
    pub fn open(path: &Path, home: &Home) -> Result<Self, ApplyError> {
        let unreadable = |source| ApplyError::Unreadable { path: path.to_owned(), source };
        let bad = |reason: String| ApplyError::NotAReceipt { path: path.to_owned(), reason };
        let mut bytes = Vec::new();
        let file = open_plain(path, File::options().read(true)).map_err(unreadable)?;
        file.take(RECEIPT_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        if bytes.len() as u64 > RECEIPT_BYTES {
            return Err(bad(format!("it is larger than {RECEIPT_BYTES} bytes")));
        }
        let Reading { mut receipt, place, seal, as_written } = read_receipt(&bytes).map_err(|e| bad(e.to_string()))?;
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
        receipt.version = RECEIPT_VERSION;
        Ok(Self { path: path.to_owned(), receipt, place, home: home.clone(), foreign, locks: Vec::new() })
    }

    /// Takes the place the receipt is about, or refuses: it is another one, or another run is at work.
    /// The file is read again under the lock, as that run may have gone on with it.
    ///
    /// What was shown to the user and approved is what is done: a file that says something else by now is refused.
    pub(crate) fn take(self, here: &Place) -> Result<Self, ApplyError> {
        self.must_be(here)?;
        let locks = place::lock(here, &self.home)?;
        let again = Self::open(&self.path, &self.home)?;
        if !again.same_steps(&self) {
            return Err(ApplyError::Replaced { path: self.path });
        }
        Ok(Self { locks, ..again })
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

    /// Records how far a step came, and what is to be known of that.
    pub(crate) fn mark(&mut self, index: usize, state: StepState, note: Option<String>) -> Result<(), ApplyError> {
        let now = self.now();
        if let Some(step) = self.receipt.steps.get_mut(index) {
            step.state = state;
            step.at = now;
            step.note = note.map(short);
            if state == StepState::Started {
                step.began = Some(now);
            }
        }
        self.save()
    }

    /// Records the provider that a step made, before anything else can go wrong.
    pub(crate) fn mark_made(&mut self, index: usize, made: Made) -> Result<(), ApplyError> {
        if let Some(step) = self.receipt.steps.get_mut(index) {
            step.made = Some(made);
        }
        self.save()
    }

    /// Closes the run.
    pub fn end(&mut self, verified: Option<String>) -> Result<(), ApplyError> {
        self.receipt.verified = verified.map(short);
        self.receipt.ended = Some(self.now());
        self.save()?;
        self.locks.clear();
        Ok(())
    }

    fn bytes(&self) -> Result<Vec<u8>, ApplyError> {
        let key = self.home.key()?;
        let covered = to_be_sealed(&self.receipt, &self.place)
            .map_err(|e| ApplyError::Journal { path: self.path.clone(), source: e.into() })?;
        let code = hmac::sign(&key, &covered);
        Ok(sealed(covered, code.as_ref()))
    }

    /// A new file is written and synced beside the old one, then takes its name.
    fn save(&mut self) -> Result<(), ApplyError> {
        let fail = |source| ApplyError::Journal { path: self.path.clone(), source };
        // Something was done by now: a key that is gone is a journal that cannot be kept, and no refusal.
        let kept = |e| if let ApplyError::Home(home) = e { fail(std::io::Error::other(home)) } else { e };
        let bytes = self.bytes().map_err(kept)?;
        self.written_beside(&bytes).map_err(fail)?.persist(&self.path).map_err(|e| fail(e.error))?;
        self.sync_folder();
        Ok(())
    }

    fn written_beside(&self, bytes: &[u8]) -> std::io::Result<tempfile::NamedTempFile> {
        let mut file = private_temporary(self.folder())?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        Ok(file)
    }

    fn folder(&self) -> &Path {
        self.path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
    }

    /// The new name must outlive a power cut as well; a folder that cannot be synced is no reason to stop.
    fn sync_folder(&self) {
        if let Ok(folder) = File::open(self.folder()) {
            let _unsynced = folder.sync_all();
        }
    }
}

/// What somebody else said, no longer than a receipt is read back with.
fn short(mut words: String) -> String {
    words.truncate(words.floor_char_boundary(MOST_WORDS));
    words
}

const DAMAGED: &str = "its checksum does not match: it was edited or damaged after it was written, so what it says \
    was done cannot be relied on";

#[cfg(test)]
#[path = "journal_tests.rs"]
mod tests;
