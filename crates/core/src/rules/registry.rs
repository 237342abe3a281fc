//! The sorted list of rules. Nothing registers itself.

use crate::rule::Rule;
use crate::rules::{exchange, injection, issuer, keys, permissions, provider, service_account, tls, token, trust, workload};

/// Every rule, by code.
static RULES: &[&dyn Rule] = &[
    &injection::TokenFileUnreadableFsgroup,
    &service_account::AnnotationMissingOnServiceAccount,
    &trust::SubWrongServiceAccount,
    &token::TokenFileReadOnce,
    &trust::WildcardWithStringequals,
    &provider::AudienceNotInProviderClientIds,
    &tls::ThumbprintMismatch,
    &trust::GhaSubEnvironmentVsRef,
    &trust::GhaSubImmutableIds,
    &keys::IssuerKeysFetchTransientFailure,
    &workload::AppOrSdkLacksWebIdentitySupport,
    &service_account::RoleArnMalformedOrNotARole,
    &trust::ConditionKeyClaimNotSupportedByIam,
    &workload::GhaIdTokenPermissionMissing,
    &trust::PartitionAudienceMismatch,
    &exchange::StsGlobalEndpointInPrivateNetwork,
    &trust::SubWrongNamespace,
    &workload::AppConfiguredForAnotherCredentialSource,
    &trust::GhaSubBranchOrTagNotAllowed,
    &workload::JavaStsModuleMissing,
    &provider::OidcProviderMissingInAccount,
    &exchange::SessionShorterThanJob,
    &workload::StaticOrOtherCredentialsTakePrecedence,
    &trust::TrustPolicyLacksWebIdentityStatement,
    &injection::WebhookAbsentOrNotRunning,
    &injection::WebhookVersionIgnoresAnnotation,
    &workload::AppOrSdkLacksPodIdentitySupport,
    &trust::AudienceConditionWrongInTrustPolicy,
    &provider::CrossAccountWebIdentityWithoutProviderThere,
    &exchange::DnsOrNetworkToStsBroken,
    &trust::FederatedPrincipalMalformed,
    &trust::GhaSubCustomised,
    &trust::HttpsPrefixInArnOrConditionKey,
    &workload::ImdsHopLimitBlocksNodeRole,
    &issuer::IssuerDocumentsNotPublic,
    &injection::PodCreatedBeforeAnnotationOrWebhook,
    &injection::WebhookMisconfiguredCabundle,
    &service_account::AnnotationOnPodNotServiceAccount,
    &keys::ApiserverIssuerOrKeysReplacedBreaksCluster,
    &exchange::AppDoesNotRefreshSessionCredentials,
    &provider::AudienceConfusedWithStsEndpoint,
    &provider::AudienceDefaultChangedByTool,
    &injection::AutomountServiceAccountTokenFalse,
    &provider::ClusterRecreatedNewIssuerId,
    &trust::FederatedArnWrongAccount,
    &workload::GhaForkPrNoIdToken,
    &trust::GhaRepoOrOrgRenamed,
    &trust::GhaSubCaseMismatch,
    &trust::IamEventualConsistency,
    &provider::IssuerUrlChangedByIdp,
    &exchange::NetworkPolicyBlocksSts,
    &injection::PodIdentityAssociationCacheRace,
    &exchange::RegionNotEnabledForAccount,
    &workload::RoleAssumesItself,
    &exchange::RoleChainingOneHourCap,
    &exchange::RoleSessionNameInvalid,
    &trust::SubValueUnderAudKey,
    &injection::TokenFileAbsentWhereCodeRuns,
    &trust::TrustPolicyWrongAction,
    &injection::WrongTokenFileKubernetesDefaultToken,
    &service_account::AddonAnnotatesOneOfSeveralServiceAccounts,
    &service_account::AnnotationKeyWrong,
    &exchange::AppOverridesEndpointOrTlsSettings,
    &provider::AzpClaimUsedAsAudience,
    &exchange::CaBundleMissingInContainer,
    &workload::CiJobDoesNotRequestToken,
    &trust::ConditionKeyMissingSubSuffix,
    &trust::ConditionKeyNotIssuerPath,
    &injection::ContainerInjectedAfterWebhook,
    &trust::EnterpriseIssuerPathMissingInConditionKey,
    &injection::EnvPresetInPodBlocksMutation,
    &trust::FederatedArnWrongProvider,
    &trust::GhaSubNoTrailingContext,
    &workload::IdpRefusesTokenTransient,
    &trust::IdpSubFormatChanged,
    &trust::IdpSubFormatVaries,
    &trust::IssConditionValueWrongScheme,
    &provider::IssuerHostChangedDualStack,
    &issuer::IssuerHostMismatchWithDocuments,
    &issuer::IssuerIsClusterLocalUrl,
    &tls::IssuerTlsCertificateInvalidForHost,
    &issuer::IssuerTrailingSlashMismatch,
    &provider::OidcProviderCountQuota,
    &provider::OidcProviderDeletedByAnotherStack,
    &trust::OrgPolicyRcpScpDeny,
    &injection::PodIdentityAgentMissing,
    &exchange::ProxyBlocksSts,
    &exchange::RequestedDurationNotRaised,
    &exchange::RequestedLifetimeExceedsLimit,
    &trust::RequiredSessionTagNotInToken,
    &trust::RoleArnWrongAccount,
    &injection::RoleChangedPodsNotRestarted,
    &workload::RoleToAssumeEmpty,
    &provider::StsCallSentToWrongPartitionRegion,
    &exchange::StsVpcEndpointBlackholed,
    &trust::TagsessionNotAllowedInTrustPolicy,
    &token::TokenContentMalformed,
    &token::TokenExpiredDuringRetries,
    &token::TokenSigningAlgorithmUnsupported,
    &token::TokenTooOldOrExpired,
    &trust::TwoIssuersAndEdInOneStatement,
    &injection::WebhookMisconfiguredApiVersion,
    &injection::WebhookSaCacheRace,
    &injection::WindowsTokenPath,
    &provider::WrongRegionInIssuerHost,
    &token::WrongTokenKindMissingAud,
    &trust::RoleDoesNotExist,
    &permissions::RoleLacksPermission,
    &trust::TrustConditionNotMet,
];

/// Every rule, by code.
pub fn all() -> &'static [&'static dyn Rule] {
    RULES
}

/// The rule of that code or name, case aside.
pub fn by_code_or_name(wanted: &str) -> Option<&'static dyn Rule> {
    RULES.iter().copied().find(|r| r.meta().code.eq_ignore_ascii_case(wanted) || r.meta().name.eq_ignore_ascii_case(wanted))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_and_names_are_unique_and_found() {
        let codes: BTreeSet<_> = all().iter().map(|r| r.meta().code).collect();
        let names: BTreeSet<_> = all().iter().map(|r| r.meta().name).collect();
        assert_eq!((codes.len(), names.len()), (all().len(), all().len()));
        for rule in all() {
            assert_eq!(by_code_or_name(rule.meta().name).map(|r| r.meta().code), Some(rule.meta().code));
        }
    }

    #[test]
    fn every_page_has_its_headings_and_source() {
        for rule in all() {
            for heading in ["## What it checks", "## Why it breaks", "## Evidence", "## Repair", "## References"] {
                assert!(rule.meta().doc.contains(heading), "{} lacks {heading}", rule.meta().name);
            }
            assert!(!rule.meta().citation.is_empty());
        }
    }
}
