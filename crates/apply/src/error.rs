//! Why a plan stopped. Whatever was done before stands in the journal.

use std::fmt;
use std::path::PathBuf;

use trustwalk_core::plan::{Fault, changed_places};

/// Why a receipt is not known to be the user's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Foreign {
    /// Another key signed it, or it was changed since.
    OtherKey,
    /// Where the signature should be there is none.
    Edited,
    /// This user has no key here.
    NoKey,
    /// It is of the first format, which anybody could write.
    Unsigned,
    /// It came from elsewhere and was taken over before.
    TakenOver,
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OtherKey => "it was signed with another key (another user, another machine), or changed since",
            Self::Edited => "its signature is missing or out of place, as when a file was edited or formatted anew",
            Self::NoKey => "there is no key of yours here, so it was not written by you on this machine",
            Self::Unsigned => "it is of the first format, which is not signed",
            Self::TakenOver => "it came from elsewhere and was taken over with --foreign-receipt before",
        })
    }
}

/// Values that are no longer are told by the places in which they differ.
const WHOLE: usize = 200;
/// Most such places.
const PLACES: usize = 8;

/// Two values, or where they are long documents, what of the first is not in the second, and the other way round.
fn apart(label: &str, was: &str, is: &str) -> String {
    let places = if was.len().max(is.len()) > WHOLE { changed_places(was, is) } else { Vec::new() };
    let left = places.len().saturating_sub(PLACES);
    let more = if left > 0 { format!("; and {left} more places differ") } else { String::new() };
    match places.as_slice() {
        [] => format!("{label} `{was}`, it is now `{is}`"),
        all => {
            let shown: Vec<&str> = all.iter().take(PLACES).map(String::as_str).collect();
            format!("what went (-) and came (+) since: {}{more}", shown.join("; "))
        }
    }
}

/// Why the folder of the user's own cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// There is none.
    #[error("neither XDG_STATE_HOME nor HOME names a folder by its whole path")]
    Nowhere,
    /// Others could have put there what is there.
    #[error("`{path}` is not used: {why}", path = path.display())]
    Shared {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        why: &'static str,
    },
    /// The key's file holds something else.
    #[error(
        "`{path}` is not a key of trustwalk's; without it, receipts signed with it are foreign ones",
        path = path.display()
    )]
    NotAKey {
        /// The file.
        path: PathBuf,
    },
    /// It cannot be read or written.
    #[error("`{path}`", path = path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// Why a plan could not be carried out to its end.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The world is no longer as the plan saw it.
    #[error(
        "{what} changed since the plan was made: {}; this was not written to, diagnose again",
        apart("it was", expected, found)
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
        "{what} was changed by somebody else since the fix: {}; this was not undone. Put it back to what the fix \
         left, or undo by hand from the receipt's `inverse`",
        apart("the fix left", left, found)
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
        "another trustwalk is changing this account and cluster; nothing was changed: wait until it ends, then run \
         this again"
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
    /// The folder for the key and the locks cannot be used.
    #[error(
        "cannot keep what is yours alone, the key that signs receipts and the locks; nothing was changed: set \
         XDG_STATE_HOME to a folder of your own"
    )]
    Home(#[source] HomeError),
    /// The plan holds what trustwalk does not do.
    #[error("the plan is not carried out: {0}; nothing was changed")]
    Unfit(Fault),
    /// The receipt's file is another one than the one that was looked at.
    #[error(
        "`{path}` says something else than when it was looked at; nothing was changed: look again",
        path = path.display()
    )]
    Replaced {
        /// The file.
        path: PathBuf,
    },
    /// What was made is not what is there.
    #[error("{what} is not deleted: {differs}; nothing was changed. If it is to go, delete it by hand")]
    NotOurs {
        /// The thing.
        what: String,
        /// What is different.
        differs: String,
    },
    /// A step cannot be undone.
    #[error("{what} cannot be undone: {why}")]
    NoWayBack {
        /// The step.
        what: String,
        /// Why.
        why: String,
    },
    /// The receipt is about another place.
    #[error(
        "the receipt is about {what} `{then}`, this is `{now}`; nothing was changed: choose that place with \
         --profile, --context or their variables"
    )]
    Elsewhere {
        /// Account or cluster.
        what: &'static str,
        /// In the receipt.
        then: String,
        /// Here.
        now: String,
    },
    /// A place that cannot be told from another.
    #[error("cannot tell which {what} this is; nothing was changed: check the credentials and the context")]
    Unplaced {
        /// Account or cluster.
        what: &'static str,
    },
    /// A receipt would be overwritten.
    #[error(
        "`{path}` exists already, and may be the way back from an earlier fix; nothing was changed: name another \
         file with --receipt",
        path = path.display()
    )]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The run was undone.
    #[error(
        "`{path}` was rolled back, so there is nothing to go on with: run `trustwalk fix` again",
        path = path.display()
    )]
    RolledBack {
        /// The file.
        path: PathBuf,
    },
    /// The run was undone in part.
    #[error(
        "a rollback of `{path}` was begun and did not end ({undone} of {steps} steps are undone): end it with \
         `trustwalk rollback`",
        path = path.display()
    )]
    HalfRolledBack {
        /// The file.
        path: PathBuf,
        /// Steps undone.
        undone: usize,
        /// Steps that were done.
        steps: usize,
    },
    /// A receipt that cannot be read.
    #[error("cannot open the receipt `{path}`", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Something could not be read, or waited for.
    #[error("{step}: {reason}")]
    Step {
        /// The step in words.
        step: String,
        /// Why.
        reason: String,
    },
    /// What a step is about is no longer there.
    #[error("{step}: {why}; there is nothing to write to any more")]
    Gone {
        /// The step in words.
        step: String,
        /// What is not there.
        why: String,
    },
    /// New pods fail again and again. The roll-out goes on in the cluster by itself.
    #[error("new pods of {what} fail, and what was changed stands: {why}")]
    Failing {
        /// The workload.
        what: String,
        /// Which pod, and how.
        why: String,
    },
    /// The time that the user gave is over, and the roll-out goes on without a watcher.
    #[error("the roll-out of {what} goes on in the cluster, and what was changed stands: {told}")]
    Unfinished {
        /// The workload.
        what: String,
        /// What is left, and what the pods wait for.
        told: String,
    },
    /// The time that the user gave is over, and pods that were to be evicted are still there.
    #[error("not all pods of {what} that need it are renewed, and what was done stands: {told}")]
    Halted {
        /// The workload.
        what: String,
        /// What is left, and what it waits for.
        told: String,
    },
    /// The roll-out goes no further by itself.
    #[error("the roll-out of {what} is stuck, and what was changed stands: {why}")]
    Stuck {
        /// The workload.
        what: String,
        /// Why.
        why: String,
    },
    /// Somebody holds the roll-outs back.
    #[error(
        "{what} is paused, so its pods were left as they are, and what was changed stands: `{how}` is for whoever \
         paused it"
    )]
    Paused {
        /// The workload.
        what: String,
        /// The command that ends the pause.
        how: String,
    },
    /// A write was refused, so that nothing was changed by it.
    #[error("{step} was refused: {reason}")]
    Refused {
        /// The step in words.
        step: String,
        /// Why.
        reason: String,
    },
    /// A write's answer was lost: the journal says that it was sent.
    #[error("{step}: {reason}; it is not known whether it was done, and will be looked at when you go on")]
    Lost {
        /// The step in words.
        step: String,
        /// Why.
        reason: String,
    },
    /// There is no room for a journal, or no right to keep one: nothing is begun.
    #[error("cannot keep the journal `{path}`; nothing was changed", path = path.display())]
    NoJournal {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A step would be refused, which is known before anything is written.
    #[error("step {number} of {of} would be refused: {step}: {reason}; nothing was changed")]
    NotAllowed {
        /// Which step, from one.
        number: usize,
        /// How many there are.
        of: usize,
        /// The step in words.
        step: String,
        /// Why.
        reason: String,
    },
    /// What this run wrote is no longer there.
    #[error(
        "{what} was changed by somebody else while this was under way: {}; nothing further was done. Find out who \
         is at work there before you go on",
        apart("what was written is", left, found)
    )]
    Contended {
        /// The thing.
        what: String,
        /// What was written.
        left: String,
        /// Now.
        found: String,
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
        /// Whether it has the members of one, or is named like one, so that it may have been one.
        claims: bool,
        /// Why.
        reason: String,
    },
    /// The cluster is out of reach.
    #[error("the cluster is out of reach: {0}")]
    NoCluster(String),
}

impl ApplyError {
    /// Whether all was written as it should be, and new pods are not there yet.
    pub fn is_roll_out(&self) -> bool {
        matches!(
            self,
            Self::Unfinished { .. }
                | Self::Halted { .. }
                | Self::Stuck { .. }
                | Self::Paused { .. }
                | Self::Failing { .. }
        )
    }

    /// Whether the run was refused before it began, so that there is nothing to go on with or to undo.
    pub fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::Busy
                | Self::Lock { .. }
                | Self::Elsewhere { .. }
                | Self::Exists { .. }
                | Self::RolledBack { .. }
                | Self::HalfRolledBack { .. }
                | Self::Unplaced { .. }
                | Self::Home(_)
                | Self::NoJournal { .. }
                | Self::NotAllowed { .. }
                | Self::Unfit(_)
                | Self::Replaced { .. }
                | Self::NotAReceipt { .. }
                | Self::Unreadable { .. }
        )
    }
}
