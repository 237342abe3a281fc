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
