//! Every limit on what a stranger's CI files may make us spend, each with its reason.

/// Largest file. GitLab takes 1 MiB at most by default (GitLab Docs, "GitLab application limits",
/// `max_yaml_size_bytes`), GitHub 500 KB.
pub const FILE_BYTES: usize = 4 << 20;

/// Values in one file, after its aliases are written out. The largest real ones have some ten thousand.
pub(crate) const VALUES: usize = 200_000;

/// Levels of workflows that call workflows, of actions in actions, of `extends` and of includes: GitHub takes ten of
/// each of its own (GitHub Docs, "Reusable workflows reference"), GitLab eleven (GitLab Docs, `extends`).
pub const LEVELS: usize = 11;

/// Files that one file includes, all levels together (GitLab takes 150: GitLab Docs, "GitLab application limits").
pub const INCLUDES: usize = 150;

/// Jobs of one checkout. GitHub takes 256 of a matrix, GitLab 200 of one `parallel`.
pub const JOBS: usize = 1_000;

/// Letters of a script that are looked at.
pub(crate) const SCRIPT_LETTERS: usize = 1 << 20;

/// Steps, calls, references and parents of one file that are followed, all levels together: what names itself ten
/// times over would be without end.
pub(crate) const FOLLOWED: usize = 20_000;

/// Things that were not read that one job names.
pub(crate) const UNREAD: usize = 20;
