//! Subjects on platforms other than GitHub.

use super::super::job::TokenRequest;
use super::{Alternative, CiJob, Foretold, Letters, Means, Refs, Template, Trigger, filtered};

/// A ref that a trigger starts a job on: what it is called, whether it is a branch, and its name; `None` where either
/// is possible.
type Place = (String, Option<(bool, Template)>, bool);

fn places(job: &CiJob) -> Vec<Place> {
    if let Some(branch) = job.git_ref.strip_prefix("refs/heads/") {
        return vec![(format!("branch {branch}"), Some((true, branch.into())), false)];
    }
    if let Some(tag) = job.git_ref.strip_prefix("refs/tags/") {
        return vec![(format!("tag {tag}"), Some((false, tag.into())), false)];
    }
    if job.triggers.is_empty() {
        return vec![("any branch or tag".to_owned(), None, false)];
    }
    job.triggers.iter().flat_map(of_trigger).collect()
}

fn of_trigger(trigger: &Trigger) -> Vec<Place> {
    let named = |all: Vec<(String, Template)>, branch: bool| {
        all.into_iter().map(|(what, name)| (what, Some((branch, name)), trigger.conditional)).collect()
    };
    let any = |name: &str| Template::default().unknown(name, Letters::Something);
    match &trigger.refs {
        Refs::Branches { only, except } => named(filtered(only, except, "branch"), true),
        Refs::Tags { only, except } => named(filtered(only, except, "tag"), false),
        Refs::DefaultBranch => vec![(trigger.event.clone(), Some((true, any("default branch"))), trigger.conditional)],
        Refs::PullRequest | Refs::PullRequestTarget => {
            vec![(trigger.event.clone(), Some((true, any("source branch"))), trigger.conditional)]
        }
        Refs::MergeQueue => {
            vec![(trigger.event.clone(), Some((true, any("merge queue's branch"))), trigger.conditional)]
        }
        Refs::Caller | Refs::Unknown => vec![(trigger.event.clone(), None, trigger.conditional)],
    }
}

fn foretold(place: &Place, subject: Template) -> Foretold {
    let mut one = Foretold::new(place.0.clone(), subject);
    one.conditional = place.2;
    one
}

/// `refs/heads/…` or `refs/tags/…` of a place.
fn full_ref(place: &Place) -> Template {
    match &place.1 {
        Some((true, name)) => Template::from("refs/heads/").then(name),
        Some((false, name)) => Template::from("refs/tags/").then(name),
        None => Template::from("refs/").unknown("branch or tag", Letters::Something),
    }
}

/// `project_path:GROUP/PROJECT:ref_type:branch:ref:NAME`, or the components that the project's
/// `ci_id_token_sub_claim_components` names (GitLab Docs, "`OpenID` Connect (OIDC) Authentication Using ID Tokens").
pub(super) fn gitlab(job: &CiJob) -> Vec<Foretold> {
    let project = match job.repository.as_str() {
        "" => Template::default().unknown("project's path", Letters::Something),
        path => path.into(),
    };
    let default = ["project_path", "ref_type", "ref"].map(str::to_owned).to_vec();
    let components = job.customised_subject.as_ref().unwrap_or(&default);
    let subject = |place: &Place| {
        components.iter().enumerate().fold(Template::default(), |subject, (n, component)| {
            let subject = subject.text(if n > 0 { ":" } else { "" }).text(component).text(":");
            match (component.as_str(), &place.1) {
                ("project_path", _) => subject.then(&project),
                ("ref_type", Some((branch, _))) => subject.text(if *branch { "branch" } else { "tag" }),
                ("ref", Some((_, name))) => subject.then(name),
                (other, _) => subject.unknown(other, Letters::Something),
            }
        })
    };
    places(job).iter().map(|place| foretold(place, subject(place))).collect()
}

/// `org/ORG/project/PROJECT/user/USER`, and with `CIRCLE_OIDC_TOKEN_V2` `/vcs-origin/ORIGIN/vcs-ref/REF` after it
/// (`CircleCI` Docs, "Using `OpenID` Connect tokens in jobs"). Which of the two the orb shows depends on its version.
pub(super) fn circleci(job: &CiJob) -> Vec<Foretold> {
    let first = Template::from("org/")
        .then(&job.id("organization_id", "organization's id", Letters::Uuid))
        .text("/project/")
        .then(&job.id("project_id", "project's id", Letters::Uuid))
        .text("/user/")
        .unknown("user's id", Letters::Uuid);
    let origin = match job.repository.as_str() {
        "" => Template::default().unknown("origin of the repository", Letters::Something),
        // REPORTED: trust policies in use have `github.com/OWNER/REPO` here.
        path if path.split('/').count() == 2 => {
            Template::default().unknown("host", Letters::Something).text("/").text(path)
        }
        origin => origin.into(),
    };
    let asks = |means: &[Means]| job.requests.iter().any(|r| means.contains(&r.by));
    let only_if = || Some("which token the job shows: CIRCLE_OIDC_TOKEN or CIRCLE_OIDC_TOKEN_V2".to_owned());
    places(job)
        .iter()
        .map(|place| {
            let second = first.clone().text("/vcs-origin/").then(&origin).text("/vcs-ref/").then(&full_ref(place));
            let v1 = Alternative { subject: first.clone(), only_if: only_if() };
            let v2 = Alternative { subject: second, only_if: only_if() };
            let known = |mut only: Alternative| {
                only.only_if = None;
                vec![only]
            };
            let alternatives = match (asks(&[Means::CircleToken]), asks(&[Means::CircleTokenV2])) {
                (true, false) => known(v1),
                (false, true) => known(v2),
                _ => vec![v1, v2],
            };
            Foretold { trigger: place.0.clone(), alternatives, conditional: place.2 }
        })
        .collect()
}

/// `{REPOSITORY}:{STEP}`, and for a step with `deployment` `{REPOSITORY}:{ENVIRONMENT}:{STEP}`, each a UUID in braces
/// (Bitbucket Support, "Deploy on AWS using Bitbucket Pipelines `OpenID` Connect").
pub(super) fn bitbucket(job: &CiJob) -> Vec<Foretold> {
    let uuid = |key: &str, name: &str| {
        let bare = job.ids.get(key).map(|uuid| super::bare_uuid(uuid)).filter(|uuid| !uuid.is_empty());
        let inner = match bare {
            Some(uuid) => Template::from(uuid),
            None => Template::default().unknown_for_good(name, Letters::Uuid),
        };
        Template::from("{").then(&inner).text("}")
    };
    let mut subject = uuid("repository_uuid", "repository's UUID").text(":");
    if job.environment.is_some() {
        subject = subject.then(&uuid("environment_uuid", "environment's UUID")).text(":");
    }
    let subject = subject.then(&uuid("step_uuid", "step's UUID"));
    vec![Foretold::new("any run", subject)]
}

/// `organization:ORG:pipeline:PIPELINE:ref:REF:commit:COMMIT:step:STEP`, or the value of the claim that
/// `--subject-claim` names (Buildkite Docs, "OIDC in Buildkite Pipelines", "buildkite-agent oidc").
pub(super) fn buildkite(job: &CiJob) -> Vec<Foretold> {
    let claimed = job.requests.iter().find_map(|r: &TokenRequest| r.subject_claim.as_deref());
    let step = match job.ids.get("step_key") {
        Some(key) => Template::from(key.as_str()),
        None => Template::default().unknown("step's key", Letters::Anything),
    };
    let subject = |place: &Place| {
        if let Some(claim) = claimed {
            return Template::default().unknown(claim, Letters::Something);
        }
        Template::from("organization:")
            .then(&job.id("organization", "organization's slug", Letters::Segment))
            .text(":pipeline:")
            .then(&job.id("pipeline", "pipeline's slug", Letters::Segment))
            .text(":ref:")
            .then(&full_ref(place))
            .text(":commit:")
            .unknown("commit", Letters::Something)
            .text(":step:")
            .then(&step)
    };
    places(job).iter().map(|place| foretold(place, subject(place))).collect()
}

/// `organization:ORG:project:PROJECT:workspace:WORKSPACE:run_phase:PHASE`, the phase being `plan` or `apply` (HCP
/// Terraform Docs, "Workload identity").
pub(super) fn terraform(job: &CiJob) -> Vec<Foretold> {
    let part = |key: &str| job.id(key, key, Letters::Something);
    let phases = match job.ids.get("run_phase").map(String::as_str) {
        Some("plan") => &["plan"][..],
        Some("apply") => &["apply"],
        _ => &["plan", "apply"],
    };
    let subject = |phase: &str| {
        Template::from("organization:")
            .then(&part("organization"))
            .text(":project:")
            .then(&part("project"))
            .text(":workspace:")
            .then(&part("workspace"))
            .text(":run_phase:")
            .text(phase)
    };
    phases.iter().map(|phase| Foretold::new(*phase, subject(phase))).collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::job::Platform;
    use super::super::Fit;
    use super::*;

    fn job(platform: Platform, ids: &[(&str, &str)]) -> CiJob {
        let ids = ids.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        CiJob { platform, ids, ..CiJob::default() }
    }

    fn request(by: Means) -> TokenRequest {
        TokenRequest { by, audiences: Vec::new(), lifetime: None, subject_claim: None }
    }

    fn subjects(job: &CiJob) -> Vec<String> {
        job.foretold().iter().flat_map(|f| &f.alternatives).map(|a| a.subject.to_string()).collect()
    }

    #[test]
    fn each_platform_has_its_form_with_what_is_not_known_left_open() {
        let mut gitlab = job(Platform::Gitlab, &[]);
        gitlab.repository = "acme/web/shop".to_owned();
        gitlab.git_ref = "refs/tags/v1".to_owned();
        assert_eq!(subjects(&gitlab), ["project_path:acme/web/shop:ref_type:tag:ref:v1"]);
        gitlab.customised_subject = Some(vec!["project_path".to_owned(), "ref_type".to_owned()]);
        assert_eq!(subjects(&gitlab), ["project_path:acme/web/shop:ref_type:tag"]);

        let bitbucket = job(Platform::Bitbucket, &[("repository_uuid", "{1-a}")]);
        assert_eq!(subjects(&bitbucket), ["{1-a}:{<step's UUID>}"]);
        let deploys = CiJob { environment: Some("prod".to_owned()), ..bitbucket };
        assert_eq!(subjects(&deploys), ["{1-a}:{<environment's UUID>}:{<step's UUID>}"]);

        let mut buildkite =
            job(Platform::Buildkite, &[("organization", "acme"), ("pipeline", "shop"), ("step_key", "go")]);
        buildkite.git_ref = "refs/heads/main".to_owned();
        let whole = "organization:acme:pipeline:shop:ref:refs/heads/main:commit:<commit>:step:go";
        assert_eq!(subjects(&buildkite), [whole]);
        let mut asked = request(Means::BuildkiteAgent);
        asked.subject_claim = Some("organization_id".to_owned());
        buildkite.requests = vec![asked];
        assert_eq!(subjects(&buildkite), ["<organization_id>"]);

        let terraform = job(Platform::TerraformCloud, &[("organization", "acme"), ("workspace", "web")]);
        let phase = |phase| format!("organization:acme:project:<project>:workspace:web:run_phase:{phase}");
        assert_eq!(subjects(&terraform), [phase("plan"), phase("apply")]);
    }

    #[test]
    fn a_token_of_circleci_is_compared_as_what_its_variable_holds() {
        let mut circle = job(Platform::Circleci, &[("organization_id", "0a"), ("project_id", "0b")]);
        circle.git_ref = "refs/heads/main".to_owned();
        circle.requests = vec![request(Means::CircleToken)];
        let v2_policy = "org/0a/project/0b/user/*/vcs-origin/*/vcs-ref/refs/heads/main";
        let v1_policy = "org/0a/project/0b/user/????";
        let fit = |job: &CiJob, pattern: &str| job.foretold()[0].fit(|s| s.like(pattern));
        assert_eq!(fit(&circle, v2_policy), Fit::Refuses);
        assert!(matches!(fit(&circle, v1_policy), Fit::Depends(_)));
        circle.requests = vec![request(Means::CircleTokenV2)];
        assert_eq!(fit(&circle, v2_policy), Fit::Admits);
        assert_eq!(fit(&circle, v1_policy), Fit::Refuses);
        // The orb's version is not told by the file.
        circle.requests = vec![request(Means::CircleOrb)];
        assert!(
            matches!(fit(&circle, v2_policy), Fit::Depends(n) if n.iter().any(|n| n.contains("CIRCLE_OIDC_TOKEN")))
        );
        assert_eq!(fit(&circle, "org/0a/project/0b/user/*"), Fit::Admits);
        assert_eq!(circle.audiences(), ["0a"]);
        assert_eq!(circle.issuer().as_deref(), Some("https://oidc.circleci.com/org/0a"));
    }

    #[test]
    fn what_nobody_may_know_makes_no_platform_a_subject() {
        assert!(job(Platform::Other("jenkins".to_owned()), &[]).foretold().is_empty());
        assert!(job(Platform::GithubActions, &[]).foretold().is_empty());
    }
}
