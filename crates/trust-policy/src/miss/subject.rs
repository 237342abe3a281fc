//! The forms of subjects, and how two subjects of a form differ.

use super::Miss;
use super::likeness::nearest;
use crate::glob::{matches, units};
use serde::Serialize;

const SERVICE_ACCOUNT: &str = "system:serviceaccount:";
const REPOSITORY: &str = "repo:";
const GITHUB: &str = "token.actions.githubusercontent.com";

/// Claims that a customised subject of GitHub may hold beside those of the default one (GitHub Docs, "Customizing
/// the token claims").
const CUSTOM_CLAIMS: [&str; 14] = [
    "actor",
    "actor_id",
    "base_ref",
    "event_name",
    "head_ref",
    "job_workflow_ref",
    "repository_id",
    "repository_owner",
    "repository_owner_id",
    "repository_visibility",
    "run_attempt",
    "runner_environment",
    "workflow",
    "workflow_ref",
];

/// A subject, or a pattern of subjects, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubjectForm<'a> {
    /// `system:serviceaccount:NAMESPACE:NAME` (Kubernetes, service accounts).
    ServiceAccount {
        /// Its namespace.
        namespace: &'a str,
        /// Its name.
        name: &'a str,
    },
    /// `repo:OWNER/NAME:CONTEXT` (GitHub Docs, "`OpenID` Connect reference").
    Repository {
        /// `OWNER/NAME`, with numeric ids where they are immutable.
        repository: &'a str,
        /// What follows; nothing when the subject ends after the repository.
        context: Option<&'a str>,
    },
    /// Another form.
    Other,
}

impl<'a> SubjectForm<'a> {
    /// Takes a subject apart.
    pub fn of(subject: &'a str) -> Self {
        if let Some((namespace, name)) = subject.strip_prefix(SERVICE_ACCOUNT).and_then(|rest| rest.split_once(':')) {
            return Self::ServiceAccount { namespace, name };
        }
        match subject.strip_prefix(REPOSITORY) {
            Some(body) => match body.split_once(':') {
                Some((repository, context)) => Self::Repository { repository, context: Some(context) },
                None => Self::Repository { repository: body, context: None },
            },
            None => Self::Other,
        }
    }
}

/// What a subject of GitHub says after the repository. An environment takes the place of everything else, then the
/// pull request, then the ref (GitHub Docs, "`OpenID` Connect reference").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum GithubContext {
    /// `environment:NAME`.
    Environment,
    /// `pull_request`.
    PullRequest,
    /// `ref:refs/heads/NAME`.
    Branch,
    /// `ref:refs/tags/NAME`.
    Tag,
    /// Something else.
    Other,
}

impl GithubContext {
    /// Of what kind a context is.
    pub fn of(context: &str) -> Self {
        if context.starts_with("environment:") {
            Self::Environment
        } else if context == "pull_request" {
            Self::PullRequest
        } else if context.starts_with("ref:refs/heads/") {
            Self::Branch
        } else if context.starts_with("ref:refs/tags/") {
            Self::Tag
        } else {
            Self::Other
        }
    }
}

/// What tells a subject from what a policy wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SubjectDifference {
    /// The value is no service account's subject.
    NotServiceAccount,
    /// Another namespace, the same name.
    Namespace,
    /// The same namespace, another name.
    ServiceAccount,
    /// Both are others.
    NamespaceAndServiceAccount,
    /// One of them carries GitHub's numeric ids of owner and repository.
    ImmutableIds,
    /// The token's subject does not follow the default template.
    Customised,
    /// Another repository of the same owner.
    Repository,
    /// A repository of the same name, of another owner.
    Owner,
    /// Another repository altogether.
    OwnerAndRepository,
    /// The value ends after the repository.
    NoContext,
    /// The same repository, in another context.
    Context {
        /// What the policy wants.
        wanted: GithubContext,
        /// What the token has.
        have: GithubContext,
    },
    /// One is an e-mail address, the other a number.
    EmailAndNumber,
    /// They are of different forms.
    Form,
    /// The value goes on where the subject ends: who has this subject is more than those whom the value names.
    Coarser,
    /// The subject goes on where the value ends.
    Finer,
    /// Something else.
    Other,
}

/// How the nearest of a condition's values differs from a subject; nothing without values.
pub(super) fn differs(values: &[&str], actual: &str, likes: bool, issuer: &str) -> Option<Miss> {
    let same = |pattern: &str, text: &str| {
        pattern == text || (likes && matches(&units(pattern).collect::<Vec<_>>(), text, |a, b| a == b))
    };
    let value = nearest(values, actual)?;
    let github = issuer.split('/').next() == Some(GITHUB);
    let found = match SubjectForm::of(actual) {
        SubjectForm::ServiceAccount { namespace, name } => (value, service_account(value, (namespace, name), &same)),
        SubjectForm::Repository { .. } => repository(values, value, actual, &same),
        SubjectForm::Other if github => (value, SubjectDifference::Customised),
        SubjectForm::Other => detail(values, actual, &same).unwrap_or_else(|| (value, vendor(value, actual))),
    };
    let (value, difference) = found;
    Some(Miss::SubjectDiffers { value: value.to_owned(), expected: actual.to_owned(), difference })
}

fn service_account(value: &str, ours: (&str, &str), same: &impl Fn(&str, &str) -> bool) -> SubjectDifference {
    let SubjectForm::ServiceAccount { namespace, name } = SubjectForm::of(value) else {
        return SubjectDifference::NotServiceAccount;
    };
    match (same(namespace, ours.0), same(name, ours.1)) {
        (false, true) => SubjectDifference::Namespace,
        (true, false) => SubjectDifference::ServiceAccount,
        (false, false) => SubjectDifference::NamespaceAndServiceAccount,
        // Each part fits, and the whole does not: a wildcard cannot stand for the other part as well.
        (true, true) => SubjectDifference::Other,
    }
}

fn repository<'v>(
    values: &[&'v str],
    near: &'v str,
    actual: &str,
    same: &impl Fn(&str, &str) -> bool,
) -> (&'v str, SubjectDifference) {
    let plain = without_ids(actual);
    let ids = if plain == actual {
        values.iter().find(|v| without_ids(v) != **v && same(&without_ids(v), actual))
    } else {
        let named = |v: &&&str| v.starts_with(REPOSITORY) && !v.contains('@') && same_repository(v, &plain, same);
        values.iter().find(|v| same(v, &plain)).or_else(|| values.iter().find(named))
    };
    if let Some(value) = ids {
        return (value, SubjectDifference::ImmutableIds);
    }
    if CUSTOM_CLAIMS.iter().any(|claim| actual.contains(&format!(":{claim}:"))) {
        return (near, SubjectDifference::Customised);
    }
    let SubjectForm::Repository { repository: ours, context } = SubjectForm::of(actual) else {
        return (near, SubjectDifference::Other);
    };
    // A value for this repository says more than one that merely looks alike.
    let value = values.iter().copied().find(|v| same_repository(v, actual, same)).unwrap_or(near);
    let SubjectForm::Repository { repository: theirs, context: wanted } = SubjectForm::of(value) else {
        return (value, SubjectDifference::Form);
    };
    if !same(theirs, ours) {
        let ((owner, name), (their_owner, their_name)) = (halves(ours), halves(theirs));
        // Names have no slash: after the repository comes a colon.
        if their_name.contains('/') {
            return (value, SubjectDifference::Form);
        }
        return match (same(their_owner, owner), same(their_name, name)) {
            (true, _) => (value, SubjectDifference::Repository),
            (false, true) => (value, SubjectDifference::Owner),
            (false, false) => (value, SubjectDifference::OwnerAndRepository),
        };
    }
    let Some(wanted) = wanted else { return (value, SubjectDifference::NoContext) };
    let (wanted, have) = (GithubContext::of(wanted), GithubContext::of(context.unwrap_or_default()));
    (value, SubjectDifference::Context { wanted, have })
}

/// Whether a value names the repository of a subject.
fn same_repository(value: &str, subject: &str, same: &impl Fn(&str, &str) -> bool) -> bool {
    match (SubjectForm::of(value), SubjectForm::of(subject)) {
        (SubjectForm::Repository { repository: a, .. }, SubjectForm::Repository { repository: b, .. }) => same(a, b),
        _ => false,
    }
}

fn halves(repository: &str) -> (&str, &str) {
    repository.split_once('/').unwrap_or((repository, ""))
}

/// `repo:ORG@12/REPO@34:…` without the numeric ids, which GitHub writes for newer repositories (REPORTED).
fn without_ids(subject: &str) -> String {
    let mut out = String::new();
    let mut chars = subject.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '@' && chars.peek().is_some_and(char::is_ascii_digit) {
            while chars.peek().is_some_and(char::is_ascii_digit) {
                chars.next();
            }
        } else {
            out.push(c);
        }
    }
    out
}

/// A value whose parts fit the subject's, where one of them has more parts than the other.
fn detail<'v>(
    values: &[&'v str],
    actual: &str,
    same: &impl Fn(&str, &str) -> bool,
) -> Option<(&'v str, SubjectDifference)> {
    let begins = |long: &str, fits: &dyn Fn(&str) -> bool| {
        let ends = long.match_indices([':', '/', '|']).map(|(at, _)| at);
        ends.filter_map(|at| long.get(..at)).any(fits)
    };
    let coarser = values.iter().find(|v| begins(v, &|head| same(head, actual)));
    if let Some(value) = coarser {
        return Some((value, SubjectDifference::Coarser));
    }
    let finer = values.iter().find(|v| !v.is_empty() && begins(actual, &|head| same(v, head)));
    finer.map(|value| (*value, SubjectDifference::Finer))
}

fn vendor(value: &str, actual: &str) -> SubjectDifference {
    let email = |t: &str| t.contains('@') && t.contains('.');
    let number = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    if (email(actual) && number(value)) || (number(actual) && email(value)) {
        return SubjectDifference::EmailAndNumber;
    }
    let separators = |t: &str| t.chars().filter(|c| matches!(c, ':' | '/' | '|')).count();
    if (separators(actual) != separators(value) && !value.contains('*')) || labelled_otherwise(actual, value) {
        return SubjectDifference::Form;
    }
    SubjectDifference::Other
}

/// Whether a subject of labelled parts (`organization:acme:workspace:web`) has labels between those of the pattern.
fn labelled_otherwise(actual: &str, pattern: &str) -> bool {
    let labels = |t: &str| t.split(':').step_by(2).map(str::to_owned).collect::<Vec<_>>();
    let (ours, theirs) = (labels(actual), labels(pattern));
    let theirs: Vec<&String> = theirs.iter().filter(|l| !l.contains('*')).collect();
    let shared = theirs.iter().all(|l| ours.contains(l));
    let leading = ours.iter().zip(&theirs).take_while(|(a, b)| a == *b).count();
    theirs.len() > 1 && shared && leading < theirs.len()
}
