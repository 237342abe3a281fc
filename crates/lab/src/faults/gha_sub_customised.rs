//! `gha-sub-customised`: the repository has a subject template of its own.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::World;

pub(super) static FAULT: Fault = Fault {
    name: "gha-sub-customised",
    summary: "the repository has a subject template of its own",
    source: "https://github.com/aws-actions/configure-aws-credentials/issues/454",
    target: Target::Job,
    symptom: "Not authorized to perform sts:AssumeRoleWithWebIdentity",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, _: &Mark) {
    world.job.customised_subject = vec!["repository_owner_id".to_owned(), "job_workflow_ref".to_owned()];
    let github = &mut world.job.github;
    github.custom_subject = Some(format!(
        "repository_owner_id:{}:job_workflow_ref:{}/.github/workflows/{}@{}",
        github.owner_id, github.repository, github.workflow, github.git_ref
    ));
}
