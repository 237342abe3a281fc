//! What tells a cause from a finer one that shows the same: while it was refused, the cause is not proven.

use super::facts::gap_of;
use crate::cause::Cause;
use crate::evidence::{Evidence, Kind};

/// The facts of which one, where it was asked for in vain, could show that a finer cause is the one.
#[expect(clippy::wildcard_enum_match_arm, reason = "of most causes nothing finer is known")]
fn of(cause: Cause) -> &'static [Kind] {
    match cause {
        // The workload may name a token file of its own; a platform may not issue what is asked for.
        Cause::AudienceNotInProviderClientIds => &[Kind::Workload, Kind::Pods, Kind::ServiceAccount, Kind::Job],
        // An audience that the provider does not know is the token's fault, whatever the policy asks for.
        Cause::AudienceConditionWrongInTrustPolicy => &[Kind::Provider],
        // A provider of nearly the same address may be there, and a token may name another issuer than the cluster.
        Cause::OidcProviderMissingInAccount => &[Kind::Providers, Kind::Token],
        // A former name of the repository may be listed.
        Cause::GhaRepoNeverListed => &[Kind::Job],
        // The role may allow a session that is long enough.
        Cause::SessionShorterThanJob => &[Kind::Role],
        // The account in the role's ARN may be what is wrong.
        Cause::RoleDoesNotExist => &[Kind::RoleArn],
        // The workload may run as another account than the one that is meant.
        Cause::AnnotationMissingOnServiceAccount => &[Kind::Workload],
        _ => &[],
    }
}

/// What would tell a cause from a finer one, where that was asked for in vain.
pub(super) fn undecided(e: &Evidence, cause: Cause) -> Option<String> {
    of(cause).iter().find_map(|kind| gap_of(e, *kind))
}
