//! The journal of a run, which is also its receipt: written before and after every step, whole
//! and atomically, so that a crash at any point leaves a file that says how far things came.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use trustwalk_core::evidence::Target;
use trustwalk_core::plan::{Plan, Receipt, ReceiptStep, StepState};

use crate::error::ApplyError;

/// Format of the receipts this build writes and reads.
const RECEIPT_VERSION: u32 = 1;

/// A receipt and the file it lives in.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    receipt: Receipt,
}

impl Journal {
    /// Begins a journal; the file exists before the first step is taken.
    pub fn begin(path: PathBuf, plan: &Plan, target: Target, now: i64) -> Result<Self, ApplyError> {
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
        let journal = Self { path, receipt };
        journal.save()?;
        Ok(journal)
    }

    /// Opens what an earlier run left.
    pub fn open(path: &Path) -> Result<Self, ApplyError> {
        let bad = |reason: String| ApplyError::NotAReceipt { path: path.to_owned(), reason };
        let bytes = trustwalk_collect::read_bounded(path).map_err(|e| bad(e.to_string()))?;
        let receipt: Receipt = serde_json::from_slice(&bytes).map_err(|e| bad(e.to_string()))?;
        if receipt.version != RECEIPT_VERSION {
            return Err(bad(format!("it has format {}, this trustwalk reads {RECEIPT_VERSION}", receipt.version)));
        }
        Ok(Self { path: path.to_owned(), receipt })
    }

    /// The receipt as it stands.
    pub fn receipt(&self) -> &Receipt {
        &self.receipt
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn mark(&mut self, index: usize, state: StepState, now: i64) -> Result<(), ApplyError> {
        if let Some(step) = self.receipt.steps.get_mut(index) {
            step.state = state;
            step.at = now;
        }
        self.save()
    }

    /// Closes the run.
    pub fn end(&mut self, verified: Option<String>, now: i64) -> Result<(), ApplyError> {
        self.receipt.verified = verified;
        self.receipt.ended = Some(now);
        self.save()
    }

    /// A new file is written and synced beside the old one, then takes its name.
    fn save(&self) -> Result<(), ApplyError> {
        let fail = |source| ApplyError::Journal { path: self.path.clone(), source };
        let text = serde_json::to_vec_pretty(&self.receipt).map_err(|e| fail(e.into()))?;
        let beside = self.path.with_extension("tmp");
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&beside).map_err(fail)?;
        file.write_all(&text).and_then(|()| file.sync_all()).map_err(fail)?;
        std::fs::rename(&beside, &self.path).map_err(fail)
    }
}
