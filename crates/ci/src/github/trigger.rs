//! What starts a workflow, and on which refs its runs are (GitHub Docs, "Events that trigger workflows").

use serde_json::Value;
use trustwalk_core::evidence::{Refs, Trigger};

use super::Workflow;
use crate::value::texts;

/// Events whose runs are on the default branch (the same page, `GITHUB_REF` of each).
const ON_DEFAULT_BRANCH: [&str; 22] = [
    "branch_protection_rule",
    "check_run",
    "check_suite",
    "delete",
    "deployment_protection_rule",
    "discussion",
    "discussion_comment",
    "fork",
    "gollum",
    "image_version",
    "issue_comment",
    "issues",
    "label",
    "milestone",
    "page_build",
    "public",
    "repository_dispatch",
    "schedule",
    "status",
    "watch",
    "workflow_run",
    "registry_package",
];

/// The triggers of a workflow.
pub(super) fn triggers(workflow: &Workflow) -> Vec<Trigger> {
    workflow.events().into_iter().flat_map(|(event, filters)| of_event(event, filters)).collect()
}

fn of_event(event: &str, filters: &Value) -> Vec<Trigger> {
    let any = Vec::new;
    let refs = match event {
        "push" => pushes(filters),
        "pull_request" => vec![Refs::PullRequest],
        "pull_request_target" => vec![Refs::PullRequestTarget],
        "merge_group" => vec![Refs::MergeQueue],
        "workflow_call" => vec![Refs::Caller],
        "release" => vec![Refs::Tags { only: any(), except: any() }],
        // Whoever starts it chooses a branch or a tag.
        "workflow_dispatch" | "create" => {
            vec![Refs::Branches { only: any(), except: any() }, Refs::Tags { only: any(), except: any() }]
        }
        other if ON_DEFAULT_BRANCH.contains(&other) => vec![Refs::DefaultBranch],
        _ => vec![Refs::Unknown],
    };
    refs.into_iter().map(|refs| Trigger { event: event.to_owned(), refs, conditional: false }).collect()
}

/// A push that is filtered by branches alone does not start for tags, and the other way round (the same page,
/// `push`).
fn pushes(filters: &Value) -> Vec<Refs> {
    let given = |name: &str| filters.get(name).filter(|f| !f.is_null());
    let of = |name: &str| texts(given(name));
    let branches = given("branches").or_else(|| given("branches-ignore")).is_some();
    let tags = given("tags").or_else(|| given("tags-ignore")).is_some();
    let mut all = Vec::new();
    let (only, except) = (of("branches"), of("branches-ignore"));
    if (branches || !tags) && !is_nothing(&only, &except) {
        all.push(Refs::Branches { only, except });
    }
    let (only, except) = (of("tags"), of("tags-ignore"));
    if (tags || !branches) && !is_nothing(&only, &except) {
        all.push(Refs::Tags { only, except });
    }
    all
}

/// Whether filters let no name through: `**` is every name, and of patterns the last that fits decides (GitHub Docs,
/// "Workflow syntax", filter pattern cheat sheet).
fn is_nothing(only: &[String], except: &[String]) -> bool {
    except.iter().any(|p| p == "**") || only.last().is_some_and(|p| p == "!**")
}
