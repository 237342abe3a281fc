//! The catalogue: one variant for each root cause. What is known of a cause hangs on its variant, and a name that
//! does not exist does not compile.
//!
//! A cause's folder in `causes/` holds its page, whose front matter is read once, and its scenarios.

mod index;
mod lookup;
mod page;
pub mod policy;

pub use index::index_by_text;
pub use lookup::{
    Found, Ground, Hit, MAX_TEXT, Printed, Reading, bare, look_up, look_up_code, look_up_symptom, printed_with,
};
pub use page::{CauseMeta, Hand, Home, Repair, page};

use serde::{Deserialize, Serialize};
use trustwalk_symptoms::Symptom;

use crate::evidence::Kind;
use crate::link::Link;
use crate::severity::Severity;

macro_rules! causes {
    ($($variant:ident = $name:literal,)*) => {
        /// A root cause, in the order of the codes. Codes are never reused; a new cause goes to the end.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[expect(missing_docs, reason = "the summary of each is the first thing on its page")]
        pub enum Cause {
            $(#[serde(rename = $name)] $variant,)*
        }

        impl Cause {
            /// Every cause, in the order of the codes.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its name in reports, JSON and addresses.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// Its page as it stands in the repository, front matter first.
            pub(crate) const fn source(self) -> &'static str {
                match self {
                    $(Self::$variant => include_str!(concat!("../../causes/", $name, "/page.md")),)*
                }
            }
        }
    };
}

causes! {
    TokenFileUnreadableFsgroup = "token-file-unreadable-fsgroup",
    AnnotationMissingOnServiceAccount = "annotation-missing-on-service-account",
    SubWrongServiceAccount = "sub-wrong-service-account",
    TokenFileReadOnce = "token-file-read-once",
    WildcardWithStringequals = "wildcard-with-stringequals",
    AudienceNotInProviderClientIds = "audience-not-in-provider-client-ids",
    ThumbprintMismatch = "thumbprint-mismatch",
    GhaSubEnvironmentVsRef = "gha-sub-environment-vs-ref",
    GhaSubImmutableIds = "gha-sub-immutable-ids",
    IssuerKeysFetchTransientFailure = "issuer-keys-fetch-transient-failure",
    AppOrSdkLacksWebIdentitySupport = "app-or-sdk-lacks-web-identity-support",
    RoleArnMalformedOrNotARole = "role-arn-malformed-or-not-a-role",
    ConditionKeyClaimNotSupportedByIam = "condition-key-claim-not-supported-by-iam",
    GhaIdTokenPermissionMissing = "gha-id-token-permission-missing",
    PartitionAudienceMismatch = "partition-audience-mismatch",
    StsGlobalEndpointInPrivateNetwork = "sts-global-endpoint-in-private-network",
    SubWrongNamespace = "sub-wrong-namespace",
    AppConfiguredForAnotherCredentialSource = "app-configured-for-another-credential-source",
    GhaSubBranchOrTagNotAllowed = "gha-sub-branch-or-tag-not-allowed",
    JavaStsModuleMissing = "java-sts-module-missing",
    OidcProviderMissingInAccount = "oidc-provider-missing-in-account",
    SessionShorterThanJob = "session-shorter-than-job",
    StaticOrOtherCredentialsTakePrecedence = "static-or-other-credentials-take-precedence",
    TrustPolicyLacksWebIdentityStatement = "trust-policy-lacks-web-identity-statement",
    WebhookAbsentOrNotRunning = "webhook-absent-or-not-running",
    WebhookVersionIgnoresAnnotation = "webhook-version-ignores-annotation",
    AppOrSdkLacksPodIdentitySupport = "app-or-sdk-lacks-pod-identity-support",
    AudienceConditionWrongInTrustPolicy = "audience-condition-wrong-in-trust-policy",
    CrossAccountWebIdentityWithoutProviderThere = "cross-account-web-identity-without-provider-there",
    DnsOrNetworkToStsBroken = "dns-or-network-to-sts-broken",
    FederatedPrincipalMalformed = "federated-principal-malformed",
    GhaSubCustomised = "gha-sub-customised",
    HttpsPrefixInArnOrConditionKey = "https-prefix-in-arn-or-condition-key",
    ImdsHopLimitBlocksNodeRole = "imds-hop-limit-blocks-node-role",
    IssuerDocumentsNotPublic = "issuer-documents-not-public",
    PodCreatedBeforeAnnotationOrWebhook = "pod-created-before-annotation-or-webhook",
    WebhookMisconfiguredCabundle = "webhook-misconfigured-cabundle",
    AnnotationOnPodNotServiceAccount = "annotation-on-pod-not-service-account",
    ApiserverIssuerOrKeysReplacedBreaksCluster = "apiserver-issuer-or-keys-replaced-breaks-cluster",
    AppDoesNotRefreshSessionCredentials = "app-does-not-refresh-session-credentials",
    AudienceConfusedWithStsEndpoint = "audience-confused-with-sts-endpoint",
    AudienceDefaultChangedByTool = "audience-default-changed-by-tool",
    AutomountServiceAccountTokenFalse = "automount-service-account-token-false",
    ClusterRecreatedNewIssuerId = "cluster-recreated-new-issuer-id",
    FederatedArnWrongAccount = "federated-arn-wrong-account",
    GhaForkPrNoIdToken = "gha-fork-pr-no-id-token",
    GhaRepoOrOrgRenamed = "gha-repo-or-org-renamed",
    GhaSubCaseMismatch = "gha-sub-case-mismatch",
    IamEventualConsistency = "iam-eventual-consistency",
    IssuerUrlChangedByIdp = "issuer-url-changed-by-idp",
    NetworkPolicyBlocksSts = "network-policy-blocks-sts",
    PodIdentityAssociationCacheRace = "pod-identity-association-cache-race",
    RegionNotEnabledForAccount = "region-not-enabled-for-account",
    RoleAssumesItself = "role-assumes-itself",
    RoleChainingOneHourCap = "role-chaining-one-hour-cap",
    RoleSessionNameInvalid = "role-session-name-invalid",
    SubValueUnderAudKey = "sub-value-under-aud-key",
    TokenFileAbsentWhereCodeRuns = "token-file-absent-where-code-runs",
    TrustPolicyWrongAction = "trust-policy-wrong-action",
    WrongTokenFileKubernetesDefaultToken = "wrong-token-file-kubernetes-default-token",
    AddonAnnotatesOneOfSeveralServiceAccounts = "addon-annotates-one-of-several-service-accounts",
    AnnotationKeyWrong = "annotation-key-wrong",
    AppOverridesEndpointOrTlsSettings = "app-overrides-endpoint-or-tls-settings",
    AzpClaimUsedAsAudience = "azp-claim-used-as-audience",
    CaBundleMissingInContainer = "ca-bundle-missing-in-container",
    CiJobDoesNotRequestToken = "ci-job-does-not-request-token",
    ConditionKeyMissingSubSuffix = "condition-key-missing-sub-suffix",
    ConditionKeyNotIssuerPath = "condition-key-not-issuer-path",
    ContainerInjectedAfterWebhook = "container-injected-after-webhook",
    EnterpriseIssuerPathMissingInConditionKey = "enterprise-issuer-path-missing-in-condition-key",
    EnvPresetInPodBlocksMutation = "env-preset-in-pod-blocks-mutation",
    FederatedArnWrongProvider = "federated-arn-wrong-provider",
    GhaSubNoTrailingContext = "gha-sub-no-trailing-context",
    IdpRefusesTokenTransient = "idp-refuses-token-transient",
    IdpSubFormatChanged = "idp-sub-format-changed",
    IdpSubFormatVaries = "idp-sub-format-varies",
    IssConditionValueWrongScheme = "iss-condition-value-wrong-scheme",
    IssuerHostChangedDualStack = "issuer-host-changed-dual-stack",
    IssuerHostMismatchWithDocuments = "issuer-host-mismatch-with-documents",
    IssuerIsClusterLocalUrl = "issuer-is-cluster-local-url",
    IssuerTlsCertificateInvalidForHost = "issuer-tls-certificate-invalid-for-host",
    IssuerTrailingSlashMismatch = "issuer-trailing-slash-mismatch",
    OidcProviderCountQuota = "oidc-provider-count-quota",
    OidcProviderDeletedByAnotherStack = "oidc-provider-deleted-by-another-stack",
    OrgPolicyRcpScpDeny = "org-policy-rcp-scp-deny",
    PodIdentityAgentMissing = "pod-identity-agent-missing",
    ProxyBlocksSts = "proxy-blocks-sts",
    RequestedDurationNotRaised = "requested-duration-not-raised",
    RequestedLifetimeExceedsLimit = "requested-lifetime-exceeds-limit",
    RequiredSessionTagNotInToken = "required-session-tag-not-in-token",
    RoleArnWrongAccount = "role-arn-wrong-account",
    RoleChangedPodsNotRestarted = "role-changed-pods-not-restarted",
    RoleToAssumeEmpty = "role-to-assume-empty",
    StsCallSentToWrongPartitionRegion = "sts-call-sent-to-wrong-partition-region",
    StsVpcEndpointBlackholed = "sts-vpc-endpoint-blackholed",
    TagsessionNotAllowedInTrustPolicy = "tagsession-not-allowed-in-trust-policy",
    TokenContentMalformed = "token-content-malformed",
    TokenExpiredDuringRetries = "token-expired-during-retries",
    TokenSigningAlgorithmUnsupported = "token-signing-algorithm-unsupported",
    TokenTooOldOrExpired = "token-too-old-or-expired",
    WebhookMisconfiguredApiVersion = "webhook-misconfigured-api-version",
    WebhookSaCacheRace = "webhook-sa-cache-race",
    WindowsTokenPath = "windows-token-path",
    WrongRegionInIssuerHost = "wrong-region-in-issuer-host",
    WrongTokenKindMissingAud = "wrong-token-kind-missing-aud",
    RoleDoesNotExist = "role-does-not-exist",
    RoleLacksPermission = "role-lacks-permission",
    TrustConditionNotMet = "trust-condition-not-met",
    TwoIssuersAndEdInOneStatement = "two-issuers-and-ed-in-one-statement",
    IamRejectsTrustPolicyWithoutRequiredClaim = "iam-rejects-trust-policy-without-required-claim",
    IdpDoesNotIssueRequestedAudience = "idp-does-not-issue-requested-audience",
    OidcProviderOnePerUrl = "oidc-provider-one-per-url",
    ProfileChainingDoesNotIncludeWebIdentity = "profile-chaining-does-not-include-web-identity",
    StsGlobalEndpointSingleRegionDependency = "sts-global-endpoint-single-region-dependency",
    TransientStsFailureFallsBackToNodeRole = "transient-sts-failure-falls-back-to-node-role",
    TrustPolicySizeQuota = "trust-policy-size-quota",
    StsClientHasNoRegion = "sts-client-has-no-region",
    StsCalledAtAnotherServicesEndpoint = "sts-called-at-another-services-endpoint",
    StsEndpointWithoutTls = "sts-endpoint-without-tls",
    PublishedKeyWithoutKidOrAlg = "published-key-without-kid-or-alg",
    WorkloadExchangeDiffers = "workload-exchange-differs",
    AssociationOutrankedByAnnotation = "association-outranked-by-annotation",
    AssociationForAnotherServiceAccount = "association-for-another-service-account",
    GhaRepoNeverListed = "gha-repo-never-listed",
    CiTokenOfAnotherVersion = "ci-token-of-another-version",
    ClientIdWithInvisibleCharacters = "client-id-with-invisible-characters",
    UnexpandedVariableInKey = "unexpanded-variable-in-key",
    CredentialChainInterruptedOnce = "credential-chain-interrupted-once",
    WorkloadRunsAsAnotherServiceAccount = "workload-runs-as-another-service-account",
    RoleExplicitlyDenied = "role-explicitly-denied",
    PermissionsBoundaryLacksAction = "permissions-boundary-lacks-action",
    ContainerSkippedByAnnotation = "container-skipped-by-annotation",
    RoleDoesNotTrustPodIdentity = "role-does-not-trust-pod-identity",
    TokenNotValidYet = "token-not-valid-yet",
    SignedRequestTimeOff = "signed-request-time-off",
    SessionTokenAskedWithSession = "session-token-asked-with-session",
}

impl Cause {
    /// What its page's front matter says.
    pub fn meta(self) -> &'static CauseMeta {
        page::meta(self)
    }

    /// `TW001`.
    pub fn code(self) -> &'static str {
        self.meta().code
    }

    /// The link it breaks.
    pub fn link(self) -> Link {
        self.meta().link
    }

    /// How bad it is.
    pub fn severity(self) -> Severity {
        self.meta().severity
    }

    /// The symptoms that it can show. One that no cause shows says nothing by itself ([`says_nothing`]).
    pub fn shows(self) -> &'static [Symptom] {
        &self.meta().shows
    }

    /// The facts that decide it: while one of them was not read, the cause is open. None where nothing that is read
    /// does: such a cause is never excluded by silence.
    pub fn decided_by(self) -> &'static [Kind] {
        &self.meta().decided_by
    }

    /// Where it can be met.
    pub fn home(self) -> Home {
        self.meta().home
    }

    /// Every cause that can show this symptom, in the order of the codes, which is how often they were met.
    pub fn of(symptom: Symptom) -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(move |c| c.shows().contains(&symptom))
    }

    /// The cause with this code, in any form that people type (`TW012`, `tw12`, `12`), or with this name.
    pub fn find(text: &str) -> Option<Self> {
        let text =
            text.trim().trim_matches(['[', ']', '(', ')', ':', '`']).to_ascii_lowercase().replace(['_', ' '], "-");
        let digits = text.strip_prefix("tw").unwrap_or(&text).trim_start_matches(['-', '0', '#']);
        let code = |c: &Self| c.code().trim_start_matches(['T', 'W', '0']) == digits && !digits.is_empty();
        Self::ALL.iter().copied().find(|c| c.name() == text || code(c))
    }
}

/// Whether a symptom is shown by no cause of the catalogue, or tells nothing of why: no cause is looked for because of
/// it alone.
pub fn says_nothing(symptom: Symptom) -> bool {
    symptom.says_nothing() || Cause::of(symptom).next().is_none()
}

#[cfg(test)]
mod tests {
    use super::{Cause, Symptom};

    /// Symptoms that lie outside the catalogue.
    const OUTSIDE: &[Symptom] = &[Symptom::ProviderIdSent, Symptom::PackedPolicyTooLarge, Symptom::Throttled];

    #[test]
    fn every_symptom_leads_to_a_cause_or_says_nothing() {
        let odd = |s: &&Symptom| Cause::of(**s).next().is_none() && !s.says_nothing() && !OUTSIDE.contains(s);
        let lost: Vec<&str> = Symptom::ALL.iter().filter(odd).map(|s| s.name()).collect();
        assert!(lost.is_empty(), "{lost:?}");
    }
}
