//! The journal of a run, which is also its receipt: written before and after every step, whole
//! and atomically, so that a crash at any point leaves a file that says how far things came.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use trustwalk_core::evidence::Target;
use trustwalk_core::plan::{Plan, Receipt, ReceiptStep, StepState};
use trustwalk_foreign::visible;

use crate::error::ApplyError;
use crate::place::Place;

/// Format of the receipts this build writes and reads.
const RECEIPT_VERSION: u32 = 1;

/// A receipt and the file it lives in.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    written: Written,
    /// Held from the first look to the last write; `None` for a journal that is only read.
    lock: Option<File>,
}

/// What the file holds.
#[derive(Debug, Serialize, Deserialize)]
struct Written {
    #[serde(flatten)]
    receipt: Receipt,
    /// Where it was done.
    place: Place,
    /// SHA-256 of the rest: an edited or damaged receipt would undo what was never done.
    checksum: String,
}

impl Written {
    fn sum(&self) -> Result<String, serde_json::Error> {
        Ok(digest(&serde_json::to_vec(&(&self.receipt, &self.place))?))
    }
}

impl Journal {
    /// Begins a journal; the file exists before the first step is taken. An earlier run's file is never
    /// replaced: it may be the only way back.
    pub(crate) fn begin(
        path: PathBuf,
        plan: &Plan,
        target: Target,
        now: i64,
        place: Place,
        lock: File,
    ) -> Result<Self, ApplyError> {
        if path.symlink_metadata().is_ok() {
            return Err(ApplyError::Exists { path });
        }
        let steps =
            plan.steps.iter().map(|s| ReceiptStep { step: s.clone(), state: StepState::Pending, at: now }).collect();
        let receipt = Receipt {
            version: RECEIPT_VERSION,
            cures: plan.cures.clone(),
            began: now,
            ended: None,
            steps,
            verified: None,
            target,
        };
        let written = Written { receipt, place, checksum: String::new() };
        let mut journal = Self { path, written, lock: Some(lock) };
        journal.save()?;
        Ok(journal)
    }

    /// Opens what an earlier run left.
    pub fn open(path: &Path) -> Result<Self, ApplyError> {
        let bad = |reason: String| ApplyError::NotAReceipt { path: path.to_owned(), reason };
        let bytes = trustwalk_collect::read_bounded(path)
            .map_err(|e| ApplyError::Unreadable { path: path.to_owned(), source: e })?;
        let value: Value = serde_json::from_slice(&bytes).map_err(|e| bad(e.to_string()))?;
        // The version is looked at before the rest, which a later format may have changed.
        let version =
            value.get("version").and_then(Value::as_u64).ok_or_else(|| bad("it has no version".to_owned()))?;
        if version != u64::from(RECEIPT_VERSION) {
            return Err(bad(format!(
                "it has format {version}, this trustwalk reads {RECEIPT_VERSION}: use the trustwalk that wrote it, or a newer one"
            )));
        }
        let written: Written = serde_json::from_value(value).map_err(|e| bad(e.to_string()))?;
        if written.sum().map_err(|e| bad(e.to_string()))? != written.checksum {
            return Err(bad(
                "its checksum does not match: it was edited or damaged after it was written, so what it says was done cannot be relied on"
                    .to_owned(),
            ));
        }
        Ok(Self { path: path.to_owned(), written, lock: None })
    }

    /// Takes the place the receipt is about, or refuses: it is another one, or another run is at work.
    /// The file is read again under the lock, as that run may have gone on with it.
    pub(crate) fn take(self, here: &Place) -> Result<Self, ApplyError> {
        self.written.place.must_be(here)?;
        let lock = here.lock()?;
        Ok(Self { lock: Some(lock), ..Self::open(&self.path)? })
    }

    /// The receipt as it stands.
    pub fn receipt(&self) -> &Receipt {
        &self.written.receipt
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn mark(&mut self, index: usize, state: StepState, now: i64) -> Result<(), ApplyError> {
        if let Some(step) = self.written.receipt.steps.get_mut(index) {
            step.state = state;
            step.at = now;
        }
        self.save()
    }

    /// Closes the run.
    pub fn end(&mut self, verified: Option<String>, now: i64) -> Result<(), ApplyError> {
        self.written.receipt.verified = verified;
        self.written.receipt.ended = Some(now);
        self.save()?;
        self.lock = None;
        Ok(())
    }

    /// A new file is written and synced beside the old one, then takes its name.
    fn save(&mut self) -> Result<(), ApplyError> {
        let path = self.path.clone();
        let fail = |source| ApplyError::Journal { path: path.clone(), source };
        self.written.checksum = self.written.sum().map_err(|e| fail(e.into()))?;
        let text = serde_json::to_string_pretty(&self.written).map_err(|e| fail(e.into()))?;
        let mut beside = self.path.clone().into_os_string();
        beside.push(".tmp");
        let mut options = File::options();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&beside).map_err(fail)?;
        file.write_all(visible::json(&text).as_bytes()).and_then(|()| file.sync_all()).map_err(fail)?;
        std::fs::rename(&beside, &self.path).map_err(fail)?;
        // The new name must outlive a power cut as well; a folder that cannot be synced is no reason to stop.
        let folder = self.path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if let Ok(folder) = File::open(folder) {
            let _unsynced = folder.sync_all();
        }
        Ok(())
    }
}

/// SHA-256 in hexadecimal.
pub(crate) fn digest(bytes: &[u8]) -> String {
    let sum = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    sum.as_ref().iter().fold(String::new(), |mut text, byte| {
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use trustwalk_core::plan::{Action, Applicability, Effect, Precondition, Step};

    fn begun(path: &Path) -> Result<Journal, ApplyError> {
        let action = Action::SetThumbprints { provider_arn: "arn".into(), thumbprints: vec!["a".into()] };
        let step = Step {
            action: action.clone(),
            precondition: Precondition { words: "thumbprints".into(), expected: "[]".into() },
            effect: Effect { words: String::new(), changes: Vec::new(), blast_radius: String::new() },
            inverse: Some(action),
            applicability: Applicability::NeedsApproval,
        };
        let plan = Plan { version: 1, made: 7, cures: "TW007".into(), steps: vec![step], notes: Vec::new() };
        let place: Place =
            serde_json::from_str(r#"{"account":"111122223333","endpoint":"http://a","cluster":null}"#).unwrap();
        let lock = tempfile::tempfile().unwrap();
        Journal::begin(path.to_owned(), &plan, Target::Log { name: "-".into() }, 7, place, lock)
    }

    fn refusal(path: &Path) -> String {
        Journal::open(path).unwrap_err().to_string()
    }

    #[test]
    fn what_is_written_is_read_back_and_never_replaces_an_earlier_receipt() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("r.json");
        let mut journal = begun(&path).unwrap();
        journal.mark(0, StepState::Started, 8).unwrap();
        let again = Journal::open(&path).unwrap();
        assert_eq!(again.receipt(), journal.receipt());
        assert_eq!(again.receipt().steps[0].state, StepState::Started);
        let before = std::fs::read(&path).unwrap();
        assert!(matches!(begun(&path), Err(ApplyError::Exists { .. })));
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }

    #[test]
    fn a_write_torn_by_a_crash_is_not_the_journal() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("r.json");
        let mut journal = begun(&path).unwrap();
        let torn = dir.path().join("r.json.tmp");
        std::fs::write(&torn, &std::fs::read(&path).unwrap()[..40]).unwrap();
        assert_eq!(Journal::open(&path).unwrap().receipt().steps[0].state, StepState::Pending);
        journal.mark(0, StepState::Done, 9).unwrap();
        assert_eq!(Journal::open(&path).unwrap().receipt().steps[0].state, StepState::Done);
        assert!(!torn.exists());
    }

    #[test]
    fn a_receipt_that_cannot_be_relied_on_is_refused_with_the_reason() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("r.json");
        let mut journal = begun(&path).unwrap();
        journal.mark(0, StepState::Done, 9).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replacen("\"done\"", "\"pending\"", 1)).unwrap();
        assert!(refusal(&path).contains("edited or damaged"));
        std::fs::write(&path, text.replacen("\"version\": 1", "\"version\": 9", 1)).unwrap();
        assert!(refusal(&path).contains("format 9") && refusal(&path).contains("newer"));
        std::fs::write(&path, r#"{"version": 9, "unknown": []}"#).unwrap();
        assert!(refusal(&path).contains("format 9"));
        for cut in [0, 1, text.len() / 2, text.len() - 2] {
            std::fs::write(&path, &text.as_bytes()[..cut]).unwrap();
            assert!(refusal(&path).contains("not a trustwalk receipt"));
        }
        std::fs::remove_file(&path).unwrap();
        assert!(matches!(Journal::open(&path), Err(ApplyError::Unreadable { .. })));
    }
}
