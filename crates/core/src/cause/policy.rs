//! The cause that fits what a policy's explanation says: the one place where the two meet, for every command.

use super::Cause;
use trustwalk_trust_policy::{
    AudienceDifference, Document, GithubContext, IssuerDifference, Miss, Place, Reason, SaveError, SubjectDifference,
    SubjectForm, TAG_SESSION_ACTION,
};

/// The cause of a reason for which a policy refuses an identity of this issuer (without scheme), as far as policy and
/// identity tell it.
pub fn of_reason(reason: &Reason, document: &Document, issuer: &str) -> Cause {
    match &reason.miss {
        Miss::WildcardUnderEquals { .. } => Cause::WildcardWithStringequals,
        Miss::CaseDiffers { expected, .. }
        | Miss::TrailingSlash { expected, .. }
        | Miss::ExtraWhitespace { expected, .. } => of_slip(reason, expected),
        Miss::SchemeInKey { .. } | Miss::FederatedHasScheme { .. } => Cause::HttpsPrefixInArnOrConditionKey,
        Miss::ArnInKey { .. } | Miss::DoubledSuffix { .. } | Miss::KeyAlmost { .. } => Cause::ConditionKeyNotIssuerPath,
        Miss::MissingSuffix { .. } => Cause::ConditionKeyMissingSubSuffix,
        Miss::SubValueUnderAud { .. } | Miss::AudValueUnderSub { .. } => Cause::SubValueUnderAudKey,
        Miss::KeyOfOtherIssuer { difference, .. } => of_issuer(*difference).unwrap_or(Cause::ConditionKeyNotIssuerPath),
        Miss::SecondIssuer { .. } => Cause::TwoIssuersAndEdInOneStatement,
        Miss::ClaimNotMapped { claim } if claim == "iss" && !names_issuer(reason, document, issuer) => {
            Cause::IssConditionValueWrongScheme
        }
        Miss::ClaimNotMapped { .. } => Cause::ConditionKeyClaimNotSupportedByIam,
        Miss::TagMissing { .. } => Cause::RequiredSessionTagNotInToken,
        Miss::SubjectDiffers { expected, difference, .. } => of_subject(*difference, expected, issuer),
        Miss::AudienceDiffers { difference, .. } => of_audience(*difference),
        Miss::Unexpanded { .. } => Cause::UnexpandedVariableInKey,
        Miss::FederatedIsBareIssuer { .. } | Miss::FederatedMalformed { .. } => Cause::FederatedPrincipalMalformed,
        Miss::FederatedOtherAccount { .. } => Cause::FederatedArnWrongAccount,
        Miss::FederatedOtherProvider { difference, .. } => {
            of_issuer(*difference).unwrap_or(Cause::FederatedArnWrongProvider)
        }
        Miss::PrincipalDiffers => Cause::FederatedArnWrongProvider,
        Miss::ActionBeside { action } if action == TAG_SESSION_ACTION => Cause::TagsessionNotAllowedInTrustPolicy,
        Miss::ActionBeside { .. } | Miss::WrongAction { .. } => Cause::TrustPolicyWrongAction,
        Miss::NoFederatedStatement => Cause::TrustPolicyLacksWebIdentityStatement,
        Miss::ClaimMissing { .. }
        | Miss::CallDiffers { .. }
        | Miss::VariableWithoutValue { .. }
        | Miss::UnknownOperator { .. }
        | Miss::ConditionNotMet
        | Miss::ExplicitDeny { .. } => Cause::TrustConditionNotMet,
    }
}

/// The cause of a refusal to save, where one has a name.
pub fn of_refusal(error: &SaveError) -> Option<Cause> {
    let scheme = |text: &String| text.contains("://");
    match error {
        SaveError::TooLong { .. } => Some(Cause::TrustPolicySizeQuota),
        SaveError::SharedIssuerUnguarded { .. } => Some(Cause::IamRejectsTrustPolicyWithoutRequiredClaim),
        SaveError::InvalidFederated { value: text, .. } | SaveError::TwoColons { text, .. } if scheme(text) => {
            Some(Cause::HttpsPrefixInArnOrConditionKey)
        }
        SaveError::InvalidFederated { .. } => Some(Cause::FederatedPrincipalMalformed),
        SaveError::ForeignAction { .. } | SaveError::ActionWithoutService { .. } => Some(Cause::TrustPolicyWrongAction),
        SaveError::Syntax { .. }
        | SaveError::MissingElement { .. }
        | SaveError::ProhibitedResource { .. }
        | SaveError::InvalidConditionType { .. }
        | SaveError::InvalidPrincipal { .. }
        | SaveError::InvalidAwsPrincipal { .. }
        | SaveError::EmptyPrincipal { .. }
        | SaveError::NotPrincipal { .. }
        | SaveError::ExclusiveElements { .. }
        | SaveError::NoActions { .. }
        | SaveError::KeyWithoutPrefix { .. }
        | SaveError::TwoColons { .. }
        | SaveError::UnreadableDate { .. }
        | SaveError::UnreadableValue { .. }
        | SaveError::NoValues { .. }
        | SaveError::DuplicateSid { .. } => None,
    }
}

/// The cause of a difference between two audiences.
pub fn of_audience(difference: AudienceDifference) -> Cause {
    match difference {
        AudienceDifference::Partition => Cause::PartitionAudienceMismatch,
        AudienceDifference::Endpoint => Cause::AudienceConfusedWithStsEndpoint,
        AudienceDifference::AuthorizedParty => Cause::AzpClaimUsedAsAudience,
        AudienceDifference::Other => Cause::AudienceConditionWrongInTrustPolicy,
    }
}

/// Values that differ in what is easily overlooked.
fn of_slip(reason: &Reason, expected: &str) -> Cause {
    let audience = matches!(&reason.place, Place::Condition { key, .. } if claim(key).eq_ignore_ascii_case("aud"));
    match (SubjectForm::of(expected), &reason.miss) {
        (SubjectForm::ServiceAccount { .. }, _) => Cause::SubWrongServiceAccount,
        (SubjectForm::Repository { .. }, Miss::CaseDiffers { .. }) => Cause::GhaSubCaseMismatch,
        _ if audience => Cause::AudienceConditionWrongInTrustPolicy,
        _ => Cause::TrustConditionNotMet,
    }
}

fn of_issuer(difference: IssuerDifference) -> Option<Cause> {
    match difference {
        IssuerDifference::Region => Some(Cause::WrongRegionInIssuerHost),
        IssuerDifference::TrailingSlash => Some(Cause::IssuerTrailingSlashMismatch),
        IssuerDifference::PathMissing => Some(Cause::EnterpriseIssuerPathMissingInConditionKey),
        IssuerDifference::DualStackHost => Some(Cause::IssuerHostChangedDualStack),
        IssuerDifference::ClusterId
        | IssuerDifference::RegionAndClusterId
        | IssuerDifference::LetterCase
        | IssuerDifference::Other => None,
    }
}

fn of_subject(difference: SubjectDifference, expected: &str, issuer: &str) -> Cause {
    use GithubContext as G;
    match difference {
        SubjectDifference::NotServiceAccount
        | SubjectDifference::ServiceAccount
        | SubjectDifference::NamespaceAndServiceAccount => Cause::SubWrongServiceAccount,
        SubjectDifference::Namespace => Cause::SubWrongNamespace,
        SubjectDifference::ImmutableIds => Cause::GhaSubImmutableIds,
        SubjectDifference::Customised => Cause::GhaSubCustomised,
        SubjectDifference::NoContext => Cause::GhaSubNoTrailingContext,
        SubjectDifference::Context { wanted, have } => match (wanted, have) {
            (G::Environment, G::Branch | G::Tag) | (G::Branch | G::Tag, G::Environment) => {
                Cause::GhaSubEnvironmentVsRef
            }
            _ => Cause::GhaSubBranchOrTagNotAllowed,
        },
        SubjectDifference::EmailAndNumber => Cause::IdpSubFormatVaries,
        SubjectDifference::Form if SubjectForm::of(expected) == SubjectForm::Other => Cause::IdpSubFormatChanged,
        // Jobs of `CircleCI` have two tokens, of which one tells more (CircleCI Docs, "Using `OpenID` Connect tokens").
        SubjectDifference::Coarser | SubjectDifference::Finer if issuer.starts_with("oidc.circleci.com/") => {
            Cause::CiTokenOfAnotherVersion
        }
        SubjectDifference::Coarser | SubjectDifference::Finer => Cause::IdpSubFormatChanged,
        // That a repository was renamed needs evidence of a rename.
        SubjectDifference::Repository | SubjectDifference::Owner | SubjectDifference::OwnerAndRepository => {
            Cause::GhaRepoNeverListed
        }
        SubjectDifference::Form | SubjectDifference::Other => Cause::TrustConditionNotMet,
    }
}

/// Whether a condition on `iss` wants the issuer as the token writes it.
fn names_issuer(reason: &Reason, document: &Document, issuer: &str) -> bool {
    let Place::Condition { statement, operator, key } = &reason.place else { return false };
    let conditions = document.statements.get(*statement).into_iter().flat_map(|s| &s.conditions);
    let whole = format!("https://{issuer}");
    conditions.filter(|c| c.operator == *operator && c.key == *key).any(|c| c.values.contains(&whole))
}

fn claim(key: &str) -> &str {
    key.rsplit(':').next().unwrap_or_default()
}
