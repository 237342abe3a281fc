//! Tokens of GitHub Actions (GitHub Docs, "`OpenID` Connect reference"): claims of one token agree with each other.

use trustwalk_trust_policy::{GithubContext, Identity, SubjectForm};

use super::{MADE_UP, NEXT_ID, NEXT_PROJECT_ID, Whose};
use crate::wanted::Wanted;

/// Longest name of an account, and of a repository (GitHub's own limits).
const OWNER: usize = 39;
const REPOSITORY: usize = 100;
/// What a customised subject that names a workflow begins with.
const WORKFLOW: &str = "job_workflow_ref:";

/// Who a subject is of, as far as it says.
struct Job<'a> {
    owner: &'a str,
    owner_id: Option<&'a str>,
    name: &'a str,
    id: Option<&'a str>,
    context: &'a str,
}

/// Whether no token of GitHub has this subject: a branch, a tag or a name of a repository holds no wildcard
/// (git-check-ref-format), and after a repository something follows.
pub(super) fn is_impossible(subject: &str) -> bool {
    let SubjectForm::Repository { repository, context } = SubjectForm::of(subject) else { return false };
    let Some(context) = context else { return true };
    if repository.contains(['*', '?']) || context.is_empty() {
        return true;
    }
    match GithubContext::of(context) {
        GithubContext::Branch | GithubContext::Tag => context.contains(['*', '?', ' ', '~', '^', '[', '\\']),
        // What environments may be called is not documented.
        GithubContext::Environment | GithubContext::PullRequest => false,
        // A customised subject goes on with a claim's name (GitHub Docs, "Customizing the token claims"), each of them
        // once: the repository was named.
        GithubContext::Other => {
            let name = context.split_once(':').map_or("", |(name, _)| name);
            let is_claim = !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
            !is_claim || name == "repo" || context == "ref:*" || context.starts_with("ref:refs/*")
        }
    }
}

/// Whether only a customised subject can be so: no name of a branch or a tag has a colon (git-check-ref-format).
pub(super) fn is_rare(subject: &str) -> bool {
    let SubjectForm::Repository { context: Some(context), .. } = SubjectForm::of(subject) else { return false };
    context.strip_prefix("ref:").is_some_and(|reference| reference.contains(':'))
}

/// The job whose token has this subject, if anybody can have one.
fn job(subject: &str) -> Option<Job<'_>> {
    if subject.starts_with(WORKFLOW) {
        let context = "ref:refs/heads/main";
        return Some(Job { owner: MADE_UP, owner_id: None, name: "x", id: None, context });
    }
    read(subject)
}

/// The workflow that a job calls, where its subject or the policy names one.
fn called(subject: &str, wanted: &Wanted<'_>) -> Option<String> {
    subject.strip_prefix(WORKFLOW).map(str::to_owned).or_else(|| wanted.one("job_workflow_ref"))
}

impl Job<'_> {
    /// Whether its ids are a stranger's own.
    fn has_own_ids(&self) -> bool {
        self.owner.contains(MADE_UP) || self.owner_id == Some(NEXT_ID)
    }
}

/// Whose a token with this subject is, if anybody can have one, and whether it comes of a call of a workflow that the
/// policy names.
pub(super) fn whose(subject: &str, wanted: &Wanted<'_>) -> Option<(Whose, bool)> {
    let job = job(subject)?;
    let calls = job.has_own_ids() && called(subject, wanted).is_some();
    let whose = Whose::Tenant {
        name: job.owner.to_owned(),
        id: job.owner_id.map(str::to_owned),
        project: Some(job.name.to_owned()),
    };
    Some((whose, calls))
}

/// The token with this subject, which stands in it already.
pub(super) fn token(base: Identity, subject: &str, wanted: &Wanted<'_>) -> Identity {
    let Some(job) = job(subject) else { return base };
    let own_ids = job.has_own_ids();
    // Ids of an owner that is not made up are whatever the policy says.
    let id = |claim: &str, said: Option<&str>, made_up: &str| match said {
        Some(id) => id.to_owned(),
        None if own_ids => made_up.to_owned(),
        None => wanted.one(claim).unwrap_or_else(|| made_up.to_owned()),
    };
    let owner_id = id("repository_owner_id", job.owner_id, NEXT_ID);
    let mut identity = base
        .with_claim("iss", "https://token.actions.githubusercontent.com")
        .with_claim("repository", format!("{}/{}", job.owner, job.name))
        .with_claim("repository_owner", job.owner)
        .with_claim("repository_owner_id", owner_id.as_str())
        .with_claim("repository_id", id("repository_id", job.id, NEXT_PROJECT_ID))
        .with_claim("workflow", wanted.one("workflow").unwrap_or_else(|| "deploy".to_owned()));
    // Who starts a job of a stranger's repository is a stranger.
    let (actor, actor_id) = if own_ids {
        (Some(MADE_UP.to_owned()), Some(owner_id.clone()))
    } else {
        (wanted.one("actor"), wanted.one("actor_id"))
    };
    identity = identity
        .with_claim("actor", actor.unwrap_or_else(|| job.owner.to_owned()))
        .with_claim("actor_id", actor_id.unwrap_or(owner_id));
    if !own_ids && let Some(enterprise) = wanted.one("enterprise_id") {
        identity = identity.with_claim("enterprise_id", enterprise);
    }
    let workflow = called(subject, wanted)
        .unwrap_or_else(|| format!("{}/{}/.github/workflows/deploy.yml@refs/heads/main", job.owner, job.name));
    of_context(identity, job.context, wanted).with_claim("job_workflow_ref", workflow)
}

/// The claims that follow of a context, and those that a job chooses: its branch and its environment.
fn of_context(identity: Identity, context: &str, wanted: &Wanted<'_>) -> Identity {
    let branch = || wanted.one("ref").unwrap_or_else(|| "refs/heads/main".to_owned());
    if let Some(environment) = context.strip_prefix("environment:") {
        return identity.with_claim("environment", environment).with_claim("ref", branch());
    }
    let identity = match context.strip_prefix("ref:") {
        Some(reference) => identity.with_claim("ref", reference),
        None if context == "pull_request" => identity.with_claim("ref", "refs/pull/1/merge"),
        None => identity.with_claim("ref", branch()),
    };
    // Only a subject of another form leaves an environment out.
    let customised = GithubContext::of(context) == GithubContext::Other;
    match wanted.one("environment").filter(|_| customised) {
        Some(environment) => identity.with_claim("environment", environment),
        None => identity,
    }
}

fn read(subject: &str) -> Option<Job<'_>> {
    let SubjectForm::Repository { repository, context: Some(context) } = SubjectForm::of(subject) else { return None };
    let (owner, name) = repository.split_once('/')?;
    let named = is_owner(owner) && is_name(name);
    let (owner, owner_id) = halves(owner);
    let (name, id) = halves(name);
    // Either both have their ids or none.
    let ids = owner_id.is_some() == id.is_some();
    (named && ids && !is_impossible(subject)).then_some(Job { owner, owner_id, name, id, context })
}

/// Whether the subject of a token of a repository may begin so.
pub(super) fn may_begin(start: &str) -> bool {
    let Some(rest) = start.strip_prefix("repo:") else { return true };
    let (repository, whole) = rest.split_once(':').map_or((rest, false), |(repository, _)| (repository, true));
    match repository.split_once('/') {
        Some((owner, name)) => is_owner(owner) && (!whole || is_name(name)),
        None => !whole,
    }
}

fn plain(text: &str, further: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || further.contains(c))
}

fn is_id(id: Option<&str>) -> bool {
    id.is_none_or(|id| !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit()))
}

/// The name of an account, with its id where that is told.
fn is_owner(text: &str) -> bool {
    let (owner, id) = halves(text);
    let edges = !owner.starts_with('-') && !owner.ends_with('-');
    (1..=OWNER).contains(&owner.len()) && plain(owner, "-") && edges && is_id(id)
}

/// The same of a repository.
fn is_name(text: &str) -> bool {
    let (name, id) = halves(text);
    (1..=REPOSITORY).contains(&name.len()) && plain(name, "-._") && is_id(id)
}

fn halves(text: &str) -> (&str, Option<&str>) {
    match text.split_once('@') {
        Some((name, id)) => (name, Some(id)),
        None => (text, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_that_github_never_issues_are_told() {
        for (subject, never) in [
            ("repo:acme/api:ref:refs/heads/main", false),
            ("repo:acme/api:ref:refs/heads/release-*", true),
            ("repo:acme/api:*", true),
            ("repo:acme/*", true),
            ("repo:acme/*:ref:refs/heads/main", true),
            ("repo:acme/api", true),
            ("repo:acme/api:environment:*", false),
            ("repo:acme/api:pull_request", false),
            ("repository_owner:acme:*", false),
            ("repo:acme/repo:somebody/x", true),
            ("repo:acme/api:repo:somebody/x", true),
            ("repo:acme/api:actor:jo", false),
        ] {
            assert_eq!(is_impossible(subject), never, "{subject}");
        }
    }

    #[test]
    fn a_branch_with_a_colon_is_rare() {
        assert!(is_rare("repo:evil/x:ref:refs/heads/main/api:x"));
        assert!(!is_rare("repo:evil/api:ref:refs/heads/main") && !is_rare("repo:evil/api:environment:a:b"));
    }

    #[test]
    fn what_a_token_may_begin_with_is_no_less_than_what_it_is_read_as() {
        let parts = ["repo:", "acme", "@1", "@", "/", "api", "@2", ":", "ref:refs/heads/main", "a b", "-"];
        let mut texts = vec![String::new()];
        for _ in 0..4 {
            let longer = texts.iter().flat_map(|t| parts.iter().map(move |p| [t.as_str(), p].concat())).collect();
            texts = longer;
            for text in &texts {
                let begins = text.char_indices().all(|(at, _)| may_begin(text.get(..at).unwrap_or_default()));
                assert!(read(text).is_none() || begins && may_begin(text), "{text}");
            }
        }
        assert!(!may_begin("repo:acme@/") && !may_begin("repo:acme@1/api@x:") && may_begin("repo:acme@1/api@"));
    }

    #[test]
    fn a_token_agrees_with_itself() {
        let base = Identity::new("arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com");
        let mut all = Vec::new();
        for subject in [
            "repo:acme/api:environment:prod",
            "repo:acme@1/api@2:ref:refs/tags/v1",
            "repo:-a/b:ref:refs/heads/x",
            "repo:acme@1/api:ref:refs/heads/x",
            "job_workflow_ref:acme/w/.github/workflows/d.yml@refs/heads/main",
        ] {
            if let Some((_, calls)) = whose(subject, &Wanted::default()) {
                all.push((token(base.clone(), subject, &Wanted::default()), calls));
            }
        }
        let claim = |at: usize, name: &str| all[at].0.claims[name].as_str().unwrap().to_owned();
        assert_eq!(all.len(), 3);
        assert_eq!((claim(0, "repository"), claim(0, "environment")), ("acme/api".to_owned(), "prod".to_owned()));
        assert_eq!((claim(1, "repository_owner_id"), claim(1, "ref")), ("1".to_owned(), "refs/tags/v1".to_owned()));
        assert_eq!(claim(2, "repository_owner"), MADE_UP);
        assert!(all[2].1 && claim(2, "job_workflow_ref").starts_with("acme/w/"));
    }
}
