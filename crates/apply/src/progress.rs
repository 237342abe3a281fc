//! What whoever asked for a repair is told while it goes on.

use std::path::Path;

use trustwalk_core::evidence::ContainersReady;

/// What the caller is told as things happen.
pub trait Progress {
    /// The journal is kept in this file; nothing was changed yet.
    fn journal(&mut self, path: &Path);
    /// Permissions of which nobody can tell beforehand whether they are given, none of them when all are known.
    fn unknown_rights(&mut self, permissions: &[String]);
    /// A step begins.
    fn began(&mut self, words: &str);
    /// A step ended; `note` says how, when there is more to say than that it worked.
    fn ended(&mut self, words: &str, note: Option<&str>);
    /// A roll-out is waited for; how long, in words.
    fn waits(&mut self, words: &str);
    /// Pods of a roll-out, whenever they change.
    fn rollout(&mut self, view: &RolloutView);
}

/// One pod of a roll-out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodView {
    /// Name.
    pub name: String,
    /// Whether it is ready.
    pub ready: bool,
    /// Whether it is one of the new ones.
    pub new: bool,
    /// Its containers that are ready.
    pub containers: ContainersReady,
    /// `Running`, `CrashLoopBackOff`, …
    pub status: String,
    /// Restarts.
    pub restarts: i64,
    /// What it waits for, where it is not ready.
    pub waits: Option<String>,
}

/// Nothing has moved for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Still {
    /// Since when, Unix seconds.
    pub since: i64,
    /// What is waited for.
    pub waits: String,
}

/// A roll-out at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RolloutView {
    /// Pods wanted, or pods to be evicted.
    pub desired: i64,
    /// New pods that are ready.
    pub renewed: i64,
    /// What is left to do.
    pub says: String,
    /// That nothing moves.
    pub still: Option<Still>,
    /// All pods, by name.
    pub pods: Vec<PodView>,
}
