//! Subjects on GitHub (GitHub Docs, "`OpenID` Connect reference", example subject claims and customizing them).

use super::{Alternative, CiJob, Foretold, Letters, Refs, SettingOf, Template, Trigger, expression, filtered};

/// From this moment (2026-07-15T00:00:00Z) new repositories have subjects with numeric ids (GitHub Docs, "`OpenID`
/// Connect reference", immutable subject claims). Older ones have them after a rename, a transfer or on request,
/// which their date of birth does not tell.
const IDS_SINCE: i64 = 1_784_073_600;

/// What follows the repository in the default subject, and what it is called.
struct Context {
    trigger: String,
    subjects: Vec<Alternative>,
    conditional: bool,
}

pub(super) fn foretold(job: &CiJob) -> Vec<Foretold> {
    let mut all: Vec<Foretold> = Vec::new();
    for context in contexts(job) {
        let alternatives = context.subjects.iter().flat_map(|c| subjects(job, c)).collect();
        let one = Foretold { trigger: context.trigger, alternatives, conditional: context.conditional };
        // Every trigger of a job with an environment gives the same subject.
        match all.iter_mut().find(|o| o.alternatives == one.alternatives) {
            Some(same) => {
                same.trigger = format!("{}, {}", same.trigger, one.trigger);
                same.conditional &= one.conditional;
            }
            None => all.push(one),
        }
    }
    all
}

fn contexts(job: &CiJob) -> Vec<Context> {
    let triggers = match run(job) {
        Some(context) => vec![context],
        None if job.triggers.is_empty() => {
            vec![plain("a trigger that is not known", Template::default().unknown("trigger", Letters::Something))]
        }
        None => chosen(job.triggers.iter().flat_map(|t| of_trigger(job, t).into_iter().map(move |c| (t, c)))),
    };
    let Some(environment) = &job.environment else { return triggers };
    let name = expression(environment, "environment").with_texts(escaped);
    let subject = Template::from("environment:").then(&name);
    let may_be_none = environment.trim_start().starts_with("${{") && environment.trim_end().ends_with("}}");
    triggers
        .into_iter()
        .map(|mut context| {
            let with = Alternative { subject: subject.clone(), only_if: None };
            if may_be_none {
                for other in &mut context.subjects {
                    other.only_if = Some("whether the environment's name is empty".to_owned());
                }
                context.subjects.insert(0, with);
            } else {
                context.subjects = vec![with];
            }
            context
        })
        .collect()
}

/// Contexts, those of an event for which somebody chooses a branch or a tag as one: that some are refused is no fault.
fn chosen<'a>(all: impl Iterator<Item = (&'a Trigger, Context)>) -> Vec<Context> {
    let mut out: Vec<(&str, Context)> = Vec::new();
    for (trigger, mut context) in all {
        let event = trigger.event.as_str();
        if !matches!(event, "workflow_dispatch" | "create") {
            out.push((event, context));
            continue;
        }
        for subject in &mut context.subjects {
            subject.only_if = Some("which branch or tag is chosen".to_owned());
        }
        match out.iter_mut().find(|(e, _)| *e == event) {
            Some((_, same)) => same.subjects.extend(context.subjects),
            None => out.push((event, Context { trigger: event.to_owned(), ..context })),
        }
    }
    out.into_iter().map(|(_, context)| context).collect()
}

/// The run at hand.
fn run(job: &CiJob) -> Option<Context> {
    if job.event == "pull_request" && job.triggers.iter().all(|t| t.event == "pull_request") {
        return Some(plain("pull_request", "pull_request".into()));
    }
    if !job.git_ref.is_empty() && !job.git_ref.contains("${{") {
        if job.event == "pull_request" {
            return Some(plain("pull_request", "pull_request".into()));
        }
        let event = if job.event.is_empty() { "the run" } else { &job.event };
        let subject = Template::from("ref:").text(&escaped(&job.git_ref));
        return Some(plain(&format!("{event} on {}", job.git_ref), subject));
    }
    (job.event == "pull_request").then(|| plain("pull_request", "pull_request".into()))
}

fn plain(trigger: &str, subject: Template) -> Context {
    let subjects = vec![Alternative { subject, only_if: None }];
    Context { trigger: trigger.to_owned(), subjects, conditional: false }
}

fn of_trigger(job: &CiJob, trigger: &Trigger) -> Vec<Context> {
    let event = trigger.event.as_str();
    let on = |place: &str, what: &str, name: &Template| {
        plain(&format!("{event} of {what}"), Template::from(place).then(&name.clone().with_texts(escaped)))
    };
    let mut all = match &trigger.refs {
        Refs::Branches { only, except } => {
            filtered(only, except, "branch").iter().map(|(what, name)| on("ref:refs/heads/", what, name)).collect()
        }
        Refs::Tags { only, except } => {
            filtered(only, except, "tag").iter().map(|(what, name)| on("ref:refs/tags/", what, name)).collect()
        }
        Refs::DefaultBranch => vec![plain(event, Template::from("ref:refs/heads/").then(&default_branch(job)))],
        Refs::PullRequest => vec![plain(event, "pull_request".into())],
        Refs::PullRequestTarget => vec![target(event)],
        Refs::MergeQueue => {
            let queue = Template::from("ref:refs/heads/gh-readonly-queue/");
            vec![plain(event, queue.unknown("merge queue's branch", Letters::Something))]
        }
        Refs::Caller => vec![plain(event, Template::default().unknown("caller's trigger", Letters::Something))],
        Refs::Unknown => vec![plain(event, Template::default().unknown("trigger's ref", Letters::Something))],
    };
    for context in &mut all {
        context.conditional = trigger.conditional;
    }
    all
}

/// REPORTED: the token's `ref` is then the branch that the request is for. Which of the two its subject holds, the
/// documentation does not say.
fn target(event: &str) -> Context {
    let which = || Some(format!("which subject GitHub writes on {event}"));
    let branch = Template::from("ref:refs/heads/").unknown("base branch", Letters::Something);
    Context {
        trigger: event.to_owned(),
        subjects: vec![
            Alternative { subject: "pull_request".into(), only_if: which() },
            Alternative { subject: branch, only_if: which() },
        ],
        conditional: false,
    }
}

fn default_branch(job: &CiJob) -> Template {
    match &job.default_branch {
        Some(name) => Template::from(escaped(name).as_str()),
        None => Template::default().unknown("default branch", Letters::Something),
    }
}

/// A colon in a value would end it.
fn escaped(text: &str) -> String {
    text.replace(':', "%3A")
}

fn subjects(job: &CiJob, context: &Alternative) -> Vec<Alternative> {
    let keys = match keys(job) {
        Ok(keys) => keys,
        Err(whose) => {
            let subject = Template::default().unknown(whose, Letters::Something);
            return vec![Alternative { subject, only_if: None }];
        }
    };
    repositories(job)
        .into_iter()
        .map(|repository| {
            let subject = match &keys {
                Keys::Default => repository.subject.clone().text(":").then(&context.subject),
                Keys::These(keys) => customised(job, keys, &repository.subject, &context.subject),
            };
            let reasons = [repository.only_if, context.only_if.clone()].into_iter().flatten().collect::<Vec<_>>();
            Alternative { subject, only_if: (!reasons.is_empty()).then(|| reasons.join(", ")) }
        })
        .collect()
}

enum Keys {
    Default,
    These(Vec<String>),
}

/// The claims of the subject; whose template it is, where that was not read. A repository that does not use the default
/// and has no claims of its own takes the organization's (GitHub REST API, "Actions OIDC").
fn keys(job: &CiJob) -> Result<Keys, &'static str> {
    if let Some(keys) = &job.customised_subject {
        return Ok(Keys::These(keys.clone()));
    }
    let given = |of| job.setting(of).map(|s| (s.use_default, s.include_claim_keys.clone()));
    let organization = given(SettingOf::Organization).map(|(_, keys)| keys).filter(|keys| !keys.is_empty());
    match given(SettingOf::Repository) {
        Some((Some(false), keys)) if !keys.is_empty() => Ok(Keys::These(keys)),
        Some((Some(false), _)) => match organization {
            Some(keys) => Ok(Keys::These(keys)),
            None if job.setting(SettingOf::Organization).is_some() => Ok(Keys::Default),
            None => Err("the organization's subject template"),
        },
        // Somebody asked, and was not told: it may be anything.
        None if job.settings_unread.contains(&SettingOf::Repository) => Err("the repository's subject template"),
        // An organization's template does not reach a repository that did not opt in.
        Some(_) | None => Ok(Keys::Default),
    }
}

/// `repo:` and the repository, as the subject names it.
fn repositories(job: &CiJob) -> Vec<Alternative> {
    let classic = Template::from("repo:").text(&job.repository);
    let only = |subject| vec![Alternative { subject, only_if: None }];
    let setting = job.setting(SettingOf::Repository);
    if let Some(prefix) = setting.and_then(|s| s.sub_claim_prefix.as_deref()).filter(|p| p.starts_with("repo:")) {
        return only(prefix.into());
    }
    if setting.is_some_and(|s| s.use_immutable_subject == Some(true)) {
        return only(with_ids(job));
    }
    match job.repository_created {
        Some(at) if at >= IDS_SINCE => only(with_ids(job)),
        Some(_) => only(classic),
        None => {
            let when = || Some("whether the repository was made before 2026-07-15 and not renamed since".to_owned());
            let classic = Alternative { subject: classic, only_if: when() };
            vec![classic, Alternative { subject: with_ids(job), only_if: when() }]
        }
    }
}

fn with_ids(job: &CiJob) -> Template {
    let (owner, name) = job.repository.split_once('/').unwrap_or((&job.repository, ""));
    let id = |key: &str, name: &str| job.id(key, name, Letters::Digits);
    Template::from(format!("repo:{owner}@").as_str())
        .then(&id("owner_id", "owner's id"))
        .text(&format!("/{name}@"))
        .then(&id("repository_id", "repository's id"))
}

/// The claims in their order, each with its name; `repo` and `context` are what the default subject is made of.
fn customised(job: &CiJob, keys: &[String], repository: &Template, context: &Template) -> Template {
    let mut subject = Template::default();
    for (n, key) in keys.iter().enumerate() {
        if n > 0 {
            subject = subject.text(":");
        }
        subject = match key.as_str() {
            "repo" => subject.then(repository),
            "context" => subject.then(context),
            _ => subject.text(key).text(":").then(&claim(job, key, context)),
        };
    }
    subject
}

/// A claim's value (GitHub Docs, "`OpenID` Connect reference", OIDC token claims).
fn claim(job: &CiJob, key: &str, context: &Template) -> Template {
    let known = |text: &str| Template::from(escaped(text).as_str());
    let owner = job.repository.split_once('/').map_or("", |(owner, _)| owner);
    match key {
        "repository" => known(&job.repository),
        "repository_owner" => known(owner),
        "repository_id" => job.id("repository_id", "repository's id", Letters::Digits),
        "repository_owner_id" => job.id("owner_id", "owner's id", Letters::Digits),
        "environment" => match &job.environment {
            Some(environment) => expression(environment, "environment").with_texts(escaped),
            None => Template::default().unknown(key, Letters::Anything),
        },
        "ref" => match context.known().and_then(|c| c.strip_prefix("ref:")) {
            Some(name) => Template::from(name),
            None => Template::default().unknown(key, Letters::Something),
        },
        "event_name" if !job.event.is_empty() => known(&job.event),
        _ => Template::default().unknown(key, Letters::Anything),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::job::{Platform, SubjectSetting};
    use super::super::Fit;
    use super::*;

    const OLD: i64 = 1_600_000_000;

    fn job(triggers: Vec<(&str, Refs)>) -> CiJob {
        let triggers =
            triggers.into_iter().map(|(event, refs)| Trigger { event: event.to_owned(), refs, conditional: false });
        CiJob {
            platform: Platform::GithubActions,
            repository: "acme/shop".to_owned(),
            repository_created: Some(OLD),
            triggers: triggers.collect(),
            ..CiJob::default()
        }
    }

    fn tags(only: &[&str]) -> Refs {
        Refs::Tags { only: only.iter().map(|p| (*p).to_owned()).collect(), except: Vec::new() }
    }

    fn branches(only: &[&str], except: &[&str]) -> Refs {
        let texts = |all: &[&str]| all.iter().map(|p| (*p).to_owned()).collect();
        Refs::Branches { only: texts(only), except: texts(except) }
    }

    fn said(job: &CiJob) -> Vec<(String, String)> {
        job.foretold()
            .into_iter()
            .map(|f| {
                let subjects: Vec<String> = f.alternatives.iter().map(|a| a.subject.to_string()).collect();
                (f.trigger, subjects.join(" or "))
            })
            .collect()
    }

    #[test]
    fn every_trigger_has_its_subject() {
        let found = said(&job(vec![
            ("push", branches(&["main", "release/**"], &[])),
            ("push", tags(&["v*"])),
            ("pull_request", Refs::PullRequest),
            ("schedule", Refs::DefaultBranch),
            ("merge_group", Refs::MergeQueue),
            ("push", branches(&[], &["main"])),
        ]));
        let subject = |n: usize| found[n].1.trim_start_matches("repo:acme/shop:").to_owned();
        assert_eq!(found[0].0, "push of branch main");
        let expected = [
            "ref:refs/heads/main",
            "ref:refs/heads/release/<branch>",
            "ref:refs/tags/v<tag>",
            "pull_request",
            "ref:refs/heads/<default branch>",
            "ref:refs/heads/gh-readonly-queue/<merge queue's branch>",
            "ref:refs/heads/<branch other than main>",
        ];
        assert_eq!((0..found.len()).map(subject).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn an_environment_takes_the_place_of_every_trigger() {
        let mut job = job(vec![("push", branches(&["main"], &[])), ("pull_request", Refs::PullRequest)]);
        job.environment = Some("prod:eu".to_owned());
        let one = [("push of branch main, pull_request".to_owned(), "repo:acme/shop:environment:prod%3Aeu".to_owned())];
        assert_eq!(said(&job), one);
        // Which environment, or none, only the run knows.
        job.environment = Some("${{ inputs.where }}".to_owned());
        let found = job.foretold();
        assert_eq!(found.len(), 2);
        let push = found[0].fit(|subject| subject.equals("repo:acme/shop:ref:refs/heads/main"));
        assert!(matches!(push, Fit::Depends(_)), "{push:?}");
        assert_eq!(found[0].fit(|subject| subject.equals("repo:acme/shop:pull_request")), Fit::Refuses);
    }

    #[test]
    fn the_date_of_birth_tells_whether_ids_are_in_it_and_without_it_both_are_possible() {
        let mut job = job(vec![("pull_request", Refs::PullRequest)]);
        job.ids = [("owner_id".to_owned(), "12".to_owned())].into();
        job.repository_created = Some(IDS_SINCE);
        assert_eq!(said(&job)[0].1, "repo:acme@12/shop@<repository's id>:pull_request");
        job.repository_created = None;
        let found = &job.foretold()[0];
        let fit = |pattern: &str| found.fit(|subject| subject.like(pattern));
        assert!(matches!(fit("repo:acme/shop:*"), Fit::Depends(names) if names[0].contains("2026-07-15")));
        assert_eq!(fit("repo:acme*"), Fit::Admits);
        assert_eq!(fit("repo:acme/shop:ref:*"), Fit::Refuses);
        assert_eq!(found.known(), None);
        // GitHub's own answer is above the date.
        job.subject_settings = vec![setting(SettingOf::Repository, Some(true), &[])];
        job.subject_settings[0].sub_claim_prefix = Some("repo:acme@12/shop@34".to_owned());
        assert_eq!(said(&job)[0].1, "repo:acme@12/shop@34:pull_request");
    }

    fn setting(of: SettingOf, use_default: Option<bool>, keys: &[&str]) -> SubjectSetting {
        SubjectSetting {
            of,
            use_default,
            include_claim_keys: keys.iter().map(|k| (*k).to_owned()).collect(),
            sub_claim_prefix: None,
            use_immutable_subject: None,
        }
    }

    #[test]
    fn a_customised_template_is_applied() {
        let mut job = job(vec![("push", branches(&["main"], &[]))]);
        let keys = ["repository_owner", "context", "job_workflow_ref"];
        job.subject_settings = vec![setting(SettingOf::Repository, Some(false), &keys)];
        assert_eq!(said(&job)[0].1, "repository_owner:acme:ref:refs/heads/main:job_workflow_ref:<job_workflow_ref>");
        // Without claims of its own a repository has its organization's, which somebody must ask for.
        job.subject_settings = vec![setting(SettingOf::Repository, Some(false), &[])];
        assert_eq!(said(&job)[0].1, "<the organization's subject template>");
        job.subject_settings.push(setting(SettingOf::Organization, None, &["repo", "ref"]));
        assert_eq!(said(&job)[0].1, "repo:acme/shop:ref:refs/heads/main");
        // With the default, the organization's template is not asked.
        job.subject_settings[0].use_default = Some(true);
        assert_eq!(said(&job)[0].1, "repo:acme/shop:ref:refs/heads/main");
    }

    #[test]
    fn a_template_that_was_asked_for_and_not_told_may_be_anything() {
        let mut job = job(vec![("pull_request", Refs::PullRequest)]);
        job.settings_unread = vec![SettingOf::Repository];
        assert_eq!(said(&job)[0].1, "<the repository's subject template>");
        assert_eq!(job.foretold()[0].known(), None);
        job.subject_settings = vec![setting(SettingOf::Repository, Some(true), &[])];
        assert_eq!(job.foretold()[0].known(), Some("repo:acme/shop:pull_request"));
    }

    #[test]
    fn a_run_at_hand_is_the_only_one() {
        let mut job = job(vec![("push", branches(&[], &[])), ("pull_request", Refs::PullRequest)]);
        (job.event, job.git_ref) = ("push".to_owned(), "refs/tags/v1".to_owned());
        assert_eq!(job.foretold()[0].known(), Some("repo:acme/shop:ref:refs/tags/v1"));
        (job.event, job.git_ref) = ("pull_request".to_owned(), "refs/pull/7/merge".to_owned());
        assert_eq!(job.foretold()[0].known(), Some("repo:acme/shop:pull_request"));
        assert_eq!(job.foretold().len(), 1);
    }
}
