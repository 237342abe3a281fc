//! Where a finding stands: the place of what is wrong, and that of the other half.

use trustwalk_checkout::{Place, Role};
use trustwalk_core::cause::Cause;
use trustwalk_core::link::Link;

use crate::admit::Asking;
use crate::model::Related;
use crate::put::related;
use crate::way::Claimant;
use crate::world::World;

/// Causes of other links that files alone decide.
const OF_FILES: [Cause; 9] = [
    Cause::RoleToAssumeEmpty,
    Cause::GhaIdTokenPermissionMissing,
    Cause::CiJobDoesNotRequestToken,
    Cause::WrongTokenKindMissingAud,
    Cause::AssociationOutrankedByAnnotation,
    Cause::StaticOrOtherCredentialsTakePrecedence,
    Cause::TokenFileAbsentWhereCodeRuns,
    Cause::StsEndpointWithoutTls,
    Cause::RoleDoesNotTrustPodIdentity,
];

/// Whether files alone decide a cause that is no link's between a token and its role.
pub(crate) fn is_of_files(cause: Cause) -> bool {
    OF_FILES.contains(&cause)
}

/// Whether a cause is of an audience that a provider does not know.
pub(crate) fn is_of_audience(cause: Cause) -> bool {
    matches!(
        cause,
        Cause::AudienceNotInProviderClientIds
            | Cause::PartitionAudienceMismatch
            | Cause::AudienceConfusedWithStsEndpoint
            | Cause::AudienceDefaultChangedByTool
            | Cause::AzpClaimUsedAsAudience
            | Cause::WrongTokenFileKubernetesDefaultToken
            | Cause::ClientIdWithInvisibleCharacters
    )
}

/// The place of what is wrong and that of the other half, for a way to a role.
pub(crate) fn of(
    world: &World,
    claimant: &Claimant<'_>,
    role: &Role,
    asking: &Asking,
    cause: Cause,
    in_policy: Option<Place>,
) -> (Place, Vec<Related>) {
    let who = related("who is to have the role", claimant.at);
    let named = related("where the role is named", &claimant.role.at);
    if let Some(at) = in_policy {
        return (at, vec![who, named]);
    }
    match cause.link() {
        Link::Trust => (role.trust.at.clone(), vec![who, named]),
        Link::Provider => {
            let provider = world.provider(&asking.provider);
            let at = provider.map(|p| p.client_ids.first().map_or(&p.url.at, |id| &id.at));
            match at {
                Some(at) => {
                    let asked = related("the audience asked for", &claimant.audience.at);
                    (at.clone(), vec![asked, named, related("the role", &role.from.at)])
                }
                None => (claimant.audience.at.clone(), vec![named]),
            }
        }
        Link::ServiceAccount => (claimant.role.at.clone(), vec![who]),
        Link::Workload
        | Link::Injection
        | Link::Token
        | Link::Issuer
        | Link::Keys
        | Link::Tls
        | Link::Exchange
        | Link::Permissions => (claimant.at.clone(), vec![named, related("the role", &role.from.at)]),
    }
}
