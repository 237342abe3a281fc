//! Causes of which a sign would have to be seen, and is not.

use crate::cause::Cause;
use crate::evidence::{Container, Evidence, Variable, at_work};
use crate::link::Link;

/// Whether pods are at work and none of their containers was given an identity, by either way.
pub(super) fn bare(e: &Evidence) -> bool {
    let given = |c: &Container| c.has_env(Variable::AwsRoleArn) || c.has_env(Variable::AwsContainerCredentialsFullUri);
    let Some(pods) = e.pods.known() else { return false };
    let mut working = at_work(pods).peekable();
    working.peek().is_some() && !working.any(|p| p.spec.containers.iter().any(given))
}

/// Whether a cause lies in what is done with an identity that reached the container: what keeps it from getting there
/// comes before.
pub(super) fn presupposes(cause: Cause) -> bool {
    !matches!(cause.link(), Link::ServiceAccount | Link::Injection)
}
