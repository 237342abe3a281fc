//! Why a plan stopped. Whatever was done before stands in the journal.

use std::path::PathBuf;

/// Why a plan could not be carried out to its end.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The world is no longer as the plan saw it.
    #[error(
        "{what} changed since the plan was made: it was `{expected}`, it is now `{found}`; nothing was written, diagnose again"
    )]
    Stale {
        /// The thing.
        what: String,
        /// When the plan was made.
        expected: String,
        /// Now.
        found: String,
    },
    /// What a fix left was changed since, so undoing would lose somebody's work.
    #[error(
        "{what} was changed by somebody else since the fix: the fix left `{left}`, it is now `{found}`; nothing was undone. Put it back to what the fix left, or undo by hand from the receipt's `inverse`"
    )]
    Overtaken {
        /// The thing.
        what: String,
        /// What the fix made of it.
        left: String,
        /// Now.
        found: String,
    },
    /// Another run of this user is changing the same account and cluster.
    #[error(
        "another trustwalk is changing this account and cluster; nothing was changed: wait until it ends, then run this again"
    )]
    Busy,
    /// The lock could not be had.
    #[error("cannot lock `{path}`; nothing was changed", path = path.display())]
    Lock {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The receipt is about another place.
    #[error(
        "the receipt is about {what} `{then}`, this is `{now}`; nothing was changed: choose that place with --profile, --context or their variables"
    )]
    Elsewhere {
        /// Account or cluster.
        what: &'static str,
        /// In the receipt.
        then: String,
        /// Here.
        now: String,
    },
    /// A receipt would be overwritten.
    #[error("`{path}` exists already, and may be the way back from an earlier fix; nothing was changed: name another file with --receipt", path = path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The run was undone, in part at least.
    #[error("`{path}` was rolled back, so there is nothing to go on with: run `trustwalk fix` again", path = path.display())]
    RolledBack {
        /// The file.
        path: PathBuf,
    },
    /// A receipt that cannot be read.
    #[error("cannot open the receipt `{path}`", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: trustwalk_collect::CollectError,
    },
    /// A step failed.
    #[error("{step}: {reason}")]
    Step {
        /// The step in words.
        step: String,
        /// Why.
        reason: String,
    },
    /// The journal could not be kept, so nothing further was changed.
    #[error("cannot keep the journal `{path}`", path = path.display())]
    Journal {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A journal that is not one.
    #[error("`{path}` is not a trustwalk receipt: {reason}", path = path.display())]
    NotAReceipt {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The cluster is out of reach.
    #[error("the cluster is out of reach: {0}")]
    NoCluster(String),
}

impl ApplyError {
    /// Whether the run was refused before it began, so that there is nothing to go on with or to undo.
    pub fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::Busy
                | Self::Lock { .. }
                | Self::Elsewhere { .. }
                | Self::Exists { .. }
                | Self::RolledBack { .. }
                | Self::Overtaken { .. }
                | Self::NotAReceipt { .. }
                | Self::Unreadable { .. }
        )
    }
}
