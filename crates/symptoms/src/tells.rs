//! How much a symptom says when nothing else was read.

use serde::{Deserialize, Serialize};

use crate::symptom::Symptom;

/// How much a symptom says by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tells {
    /// Its words can come from one cause only.
    Cause,
    /// Its words are what several causes look like: the configuration has to be compared.
    Several,
    /// That something failed, or that something waits; not why.
    Nothing,
}

impl Symptom {
    /// How much it says by itself, without anything read beside it.
    #[expect(clippy::too_many_lines, reason = "a table: each symptom is named, so that a new one has to be judged")]
    pub fn tells(self) -> Tells {
        use Symptom as S;
        match self {
            S::WebIdentityOther
            | S::InvalidIdentityTokenOther
            | S::PodIdentityAgentError
            | S::IpamdWaiting
            | S::IpamdInitFailure
            | S::ApiTokenInvalid
            | S::GhaTokenRefused
            | S::StsUnreachable => Tells::Nothing,
            S::StsModuleMissing
            | S::WindowsPath
            | S::PodIdentityHostRefused
            | S::GhaCallerLacksIdToken
            | S::GhaTokenPending
            | S::IdpLifetimeRefused
            | S::RoleAnnotationMissing
            | S::AnnotationKeyUnknown
            | S::ProviderWithSlash
            | S::VariableUnexpanded
            | S::ProviderExists
            | S::FederatedInvalid
            | S::SessionNameInvalid
            | S::StsPlainHttp
            | S::StsRegionMissing
            | S::EndpointWithoutScheme
            | S::WrongTokenFile
            | S::MultiAudienceWithoutAzp
            | S::MissingClaim
            | S::EmptyClaim
            | S::ClockSkew
            | S::SessionWithSession => Tells::Cause,
            S::ThumbprintMismatch
            | S::NoProvider
            | S::IncorrectAudience
            | S::TokenNotValidated
            | S::KeysUnavailable
            | S::ExpiredToken
            | S::NotAJwt
            | S::IssuedInFuture
            | S::NotYetValid
            | S::InvalidTimestamp
            | S::PrincipalTagsInvalid
            | S::RoleNotInRolesClaim
            | S::ProviderIdSent
            | S::NotAuthorizedWebIdentity
            | S::RoleArnInvalid
            | S::TokenParameterInvalid
            | S::DurationExceeds
            | S::PackedPolicyTooLarge
            | S::IdpRejected
            | S::IdpCommunication
            | S::RegionDisabled
            | S::TokenFileUnreadable
            | S::TokenFileMissing
            | S::StsGlobalEndpoint
            | S::StsDns
            | S::StsRefused
            | S::StsTimeout
            | S::StsProxyRefused
            | S::StsTlsUntrusted
            | S::StsServerError
            | S::ChainInterrupted
            | S::NoCredentials
            | S::WebIdentityNotGiven
            | S::WebIdentityNotAsked
            | S::NoInstanceRole
            | S::ImdsUnreachable
            | S::ProfileMissing
            | S::CredentialSourceEmpty
            | S::StaticKeysEmpty
            | S::StsWrongEndpoint
            | S::PodIdentityTokenExpired
            | S::PodIdentityWrongAddress
            | S::PodIdentityNoAssociation
            | S::PodIdentityAccessDenied
            | S::PodIdentityTrustRefused
            | S::PodIdentityTokenMalformed
            | S::PodIdentityTokenRefused
            | S::EksAuthUnreachable
            | S::PodIdentityAgentUnreachable
            | S::PodIdentityAgentTimeout
            | S::TokenFileNotOpened
            | S::RegionMissing
            | S::NodeRoleUsed
            | S::AccessDeniedAction
            | S::AssumeRoleSelf
            | S::AssumeRoleDenied
            | S::CiTokenMissing
            | S::GhaIdTokenUnavailable
            | S::AudienceNotIssued
            | S::PublishedKeyIncomplete
            | S::ApiTokenRefused
            | S::DocumentsDenied
            | S::MalformedPolicy
            | S::QuotaExceeded
            | S::SecurityTokenInvalid
            | S::ExpiredSession
            | S::WebhookUntrusted
            | S::WebhookReviewVersion
            | S::WebhookCallFailed
            | S::WebhookFailedOpen
            | S::WebhookDidNotMutate
            | S::WebhookMissing
            | S::SignatureScope
            | S::SignatureMismatch
            | S::Throttled => Tells::Several,
        }
    }

    /// Whether it is an answer or a failure of Pod Identity.
    pub fn is_of_pod_identity(self) -> bool {
        matches!(
            self,
            Self::PodIdentityTokenExpired
                | Self::PodIdentityNoAssociation
                | Self::PodIdentityAccessDenied
                | Self::PodIdentityTrustRefused
                | Self::PodIdentityTokenMalformed
                | Self::PodIdentityTokenRefused
                | Self::EksAuthUnreachable
                | Self::PodIdentityWrongAddress
                | Self::PodIdentityAgentUnreachable
                | Self::PodIdentityAgentTimeout
                | Self::PodIdentityAgentError
        )
    }

    /// Whether it carries no cause at all.
    pub fn says_nothing(self) -> bool {
        self.tells() == Tells::Nothing
    }
}
