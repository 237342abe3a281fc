//! CI files as data: which jobs show a token to AWS, for which role, with which audience and when.
//!
//! Deliberately absent: files and network (whoever calls hands over texts, and reads what else is asked for), the
//! run around a job, and judgement. Texts come from strangers: each reader is bounded, and what it keeps of a text
//! are names that [`CiJob`] has a place for.

mod bitbucket;
mod buildkite;
mod circleci;
mod github;
mod gitlab;
mod limits;
mod platform;
mod shell;
mod terraform;
mod value;

use trustwalk_core::evidence::{CiJob, Platform};

pub use limits::{FILE_BYTES, INCLUDES, JOBS, LEVELS};
pub use platform::{WELL_KNOWN, platform};

/// A file of a checkout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its path from the root of the checkout, with `/`.
    pub path: String,
    /// Its text.
    pub text: Vec<u8>,
}

/// Whoever reads what a file refers to.
pub trait Files {
    /// The text of a file by its path from the root of the checkout; nothing where there is none.
    ///
    /// # Errors
    ///
    /// Why it is there and is not read, in words for people.
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, String>;
}

/// No file but those that were handed over.
#[derive(Debug, Clone, Copy)]
pub struct Nothing;

impl Files for Nothing {
    fn read(&self, _: &str) -> Result<Option<Vec<u8>>, String> {
        Ok(None)
    }
}

/// The role a job names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Role {
    /// By this text.
    Named(String),
    /// By an expression or a variable that only the run knows.
    OfTheRun(String),
    /// In a file that was not read, for this reason.
    Elsewhere(String),
    /// Not at all, or by an empty text.
    #[default]
    None,
}

impl Role {
    /// Sorts a text into one of the three. `$` and `<<` open what only the run knows.
    pub(crate) fn of(text: Option<String>) -> Self {
        match text {
            Some(text) if text.contains('$') || text.contains("<<") => Self::OfTheRun(text),
            Some(text) if !text.trim().is_empty() => Self::Named(text),
            Some(_) | None => Self::None,
        }
    }
}

/// A job of a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Job {
    /// The file's path from the root of the checkout.
    pub file: String,
    /// The job's id or name in it.
    pub id: String,
    /// Who calls its workflow, such as `main.yml, job go`.
    pub called_by: Option<String>,
    /// File and id of each job on the way to it, the outermost first and itself last; empty on platforms whose files
    /// do not call each other.
    pub through: Vec<(String, String)>,
    /// Where the role stands, in the platform's word: `role-to-assume`.
    pub role_from: &'static str,
    /// The role.
    pub role: Role,
    /// What else is known.
    pub facts: CiJob,
    /// Steps that show no token of the job's and get a role all the same, in words.
    pub beside: Vec<String>,
    /// Whether it shows the keys of a user in place of a token: no web identity, whatever the role expects.
    pub by_keys: bool,
}

/// Why a file is not read as a CI file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {reason}")]
pub struct Unreadable {
    /// Its path.
    pub path: String,
    /// What is wrong with it, in words that repeat none of it.
    pub reason: String,
}

/// The jobs of the files that show a token to AWS, in their order; where none does, the first job of all, to be
/// looked at all the same. `repository` is `owner/name`, where it is known.
///
/// # Errors
///
/// When a file cannot be read, or is of no platform that is known.
pub fn jobs(files: &[File], more: &dyn Files, repository: Option<&str>) -> Result<Vec<Job>, Unreadable> {
    let (all, unread, _) = read(files, more, repository);
    let (keyed, mut jobs): (Vec<Job>, Vec<Job>) = all.into_iter().partition(|job| job.by_keys);
    if jobs.is_empty() {
        // Where none shows a token, one that shows keys is looked at as one that asks for no role.
        jobs.extend(keyed.into_iter().next().map(|job| Job { role: Role::None, by_keys: false, ..job }));
    }
    match unread.into_iter().next() {
        Some(first) => Err(first),
        None => Ok(jobs),
    }
}

/// The same of those files that can be read, and why the others cannot: one does not hide the rest.
pub fn readable_jobs(files: &[File], more: &dyn Files, repository: Option<&str>) -> (Vec<Job>, Vec<Unreadable>) {
    let (jobs, mut unread, cut) = read(files, more, repository);
    let reason = || format!("the checkout has more than {JOBS} jobs, or calls too deep, and the rest was not read");
    unread.extend(cut.map(|path| Unreadable { path, reason: reason() }));
    (jobs, unread)
}

/// The jobs, what could not be read, and the file at which there were too many.
fn read(files: &[File], more: &dyn Files, repository: Option<&str>) -> (Vec<Job>, Vec<Unreadable>, Option<String>) {
    let mut all = Vec::new();
    let mut unread = Vec::new();
    let mut workflows = Vec::new();
    let mut first_platform = None;
    for file in files {
        let (value, platform) = match of_platform(file) {
            Ok(known) => known,
            Err(why) => {
                unread.push(why);
                continue;
            }
        };
        first_platform.get_or_insert_with(|| platform.clone());
        match platform {
            Platform::GithubActions => workflows.push(github::Workflow::new(&file.path, value)),
            Platform::Gitlab => all.extend(gitlab::jobs(&file.path, value, more)),
            Platform::Circleci => all.extend(circleci::jobs(&file.path, &value)),
            Platform::Bitbucket => all.extend(bitbucket::jobs(&file.path, &value)),
            Platform::Buildkite => all.extend(buildkite::jobs(&file.path, &value)),
            Platform::TerraformCloud => all.extend(terraform::jobs(&file.path, &value)),
            Platform::Other(_) => {}
        }
    }
    let (of_github, mut cut) = github::jobs(&workflows, more, repository);
    all.extend(of_github);
    if all.is_empty()
        && let Some(platform) = first_platform
    {
        // A file without a job is still of its platform.
        let facts = CiJob { platform, ..CiJob::default() };
        all.push(Job { file: files.first().map(|f| f.path.clone()).unwrap_or_default(), facts, ..Job::default() });
    }
    let (mut showing, others): (Vec<Job>, Vec<Job>) = all.into_iter().partition(shows_a_token);
    if showing.is_empty() {
        showing.extend(others.into_iter().next());
    }
    cut = cut.or_else(|| showing.get(JOBS).map(|first| first.file.clone()));
    showing.truncate(JOBS);
    (showing, unread, cut)
}

/// A file's content, and whose it is.
fn of_platform(file: &File) -> Result<(serde_json::Value, Platform), Unreadable> {
    let value = value::read(file)?;
    let unknown = || Unreadable {
        path: file.path.clone(),
        reason: "neither its path nor its form is that of a CI platform that is known: GitHub Actions, GitLab, \
                 CircleCI, Bitbucket, Buildkite, HCP Terraform"
            .to_owned(),
    };
    let platform = platform(&file.path, &value).ok_or_else(unknown)?;
    Ok((value, platform))
}

/// Whether a job is one that shows a token to AWS, as far as its file tells.
fn shows_a_token(job: &Job) -> bool {
    job.facts.assumes_role || !job.facts.requests.is_empty() || job.role != Role::None
}
