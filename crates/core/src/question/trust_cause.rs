//! The cause of each reason that the explainer of trust policies gives, and what a cure of it is called.

use trustwalk_trust_policy::{
    DocumentCondition, IssuerDifference, Miss, Place, Reason, SubjectDifference, SubjectForm,
};

use super::facts::arn_parts;
use super::trust_case::Case;
use super::trust_subject;
use crate::cause::{Cause, policy};

/// The cause of a reason: what the policy tells, and what the evidence besides it knows.
#[expect(clippy::wildcard_enum_match_arm, reason = "the other misses are told elsewhere or have no more to tell")]
pub(super) fn cause(case: &Case<'_>, reason: &Reason) -> Cause {
    let told = policy::of_reason(reason, &case.document, case.path);
    match &reason.miss {
        Miss::SubjectDiffers { value, expected, difference } => {
            trust_subject::refined(case, condition(case, reason), (value, expected, *difference), told)
        }
        Miss::FederatedOtherProvider { .. } => {
            let newer = case.e.cluster().known().is_some_and(|c| c.created > case.role.created);
            let recreated = of_another_cluster(&reason.miss) && newer && case.role.created > 0;
            if recreated { Cause::ClusterRecreatedNewIssuerId } else { told }
        }
        _ => told,
    }
}

/// The condition that a reason speaks of.
pub(super) fn condition<'c>(case: &'c Case<'_>, reason: &Reason) -> Option<&'c DocumentCondition> {
    let Place::Condition { statement, operator, key } = &reason.place else { return None };
    let all = &case.document.statements.get(*statement)?.conditions;
    all.iter().find(|c| c.operator == *operator && c.key == *key)
}

/// Whether the provider named is that of another cluster.
pub(super) fn of_another_cluster(miss: &Miss) -> bool {
    let Miss::FederatedOtherProvider { difference, .. } = miss else { return false };
    [IssuerDifference::ClusterId, IssuerDifference::RegionAndClusterId].contains(difference)
}

/// Whether an ARN is a provider's of another account than the role's: it admits nobody (IAM User Guide, roles for
/// OIDC federation).
pub(super) fn of_another_account(case: &Case<'_>, arn: &str) -> bool {
    let ours = arn_parts(&case.identity.provider_arn).map(|(_, a, _)| a);
    arn_parts(arn).is_some_and(|(_, account, _)| Some(account) != ours)
}

/// Whether a service account is known not to exist.
pub(super) fn is_gone(case: &Case<'_>, value: &str, ours: &str) -> bool {
    let (SubjectForm::ServiceAccount { namespace, name }, SubjectForm::ServiceAccount { namespace: own, .. }) =
        (SubjectForm::of(value), SubjectForm::of(ours))
    else {
        return false;
    };
    let known = case.e.siblings().known().is_some_and(|all| !all.iter().any(|s| s.name == name));
    own == namespace && !name.contains(['*', '?', '$']) && known
}

/// What a cure of a reason is called.
pub(super) fn title(reason: &Reason) -> String {
    use SubjectDifference as Differs;
    let text = match &reason.miss {
        Miss::CaseDiffers { value, expected }
        | Miss::TrailingSlash { value, expected }
        | Miss::ExtraWhitespace { value, expected } => {
            return format!("write `{expected}` in place of `{}`", value.escape_debug());
        }
        Miss::SubjectDiffers {
            difference: Differs::Repository | Differs::Owner | Differs::OwnerAndRepository, ..
        } => "let the condition name this repository",
        Miss::SubjectDiffers { difference: Differs::Coarser, .. } => {
            "take a token whose subject is as exact as the condition; the condition is not made wider for this one"
        }
        Miss::SubjectDiffers { expected, .. } | Miss::AudienceDiffers { expected, .. } => {
            return format!("allow `{expected}` too");
        }
        Miss::WildcardUnderEquals { .. } => "allow the value itself beside the pattern",
        Miss::SubValueUnderAud { .. } | Miss::AudValueUnderSub { .. } => "write under each key a value of its claim",
        Miss::SecondIssuer { .. } => "give each issuer a statement of its own, with its own conditions",
        Miss::TagMissing { .. } => "have the issuer put the tag into the token, or drop the condition",
        Miss::ClaimNotMapped { claim } if claim == "iss" => "remove the condition on iss",
        Miss::ClaimNotMapped { .. } => "express the restriction with :sub",
        Miss::Unexpanded { .. } => "write the value that the placeholder stands for",
        Miss::UnknownOperator { .. } => "write the operator as IAM spells it, a set operator with a colon",
        Miss::SchemeInKey { .. }
        | Miss::ArnInKey { .. }
        | Miss::DoubledSuffix { .. }
        | Miss::MissingSuffix { .. }
        | Miss::KeyAlmost { .. }
        | Miss::KeyOfOtherIssuer { .. } => "write the key as the issuer without scheme, a colon and the claim",
        Miss::FederatedIsBareIssuer { .. }
        | Miss::FederatedHasScheme { .. }
        | Miss::FederatedOtherAccount { .. }
        | Miss::FederatedOtherProvider { .. }
        | Miss::FederatedMalformed { .. }
        | Miss::PrincipalDiffers => "name this issuer's provider, in the condition keys too",
        Miss::ActionBeside { action } => return format!("allow {action} beside the web identity action"),
        Miss::WrongAction { .. } => "let the statement allow the action",
        Miss::NoFederatedStatement => "add a statement for exactly this identity",
        Miss::ExplicitDeny { .. } => "narrow the Deny statement so that it leaves this identity out",
        Miss::ClaimMissing { .. }
        | Miss::CallDiffers { .. }
        | Miss::VariableWithoutValue { .. }
        | Miss::ConditionNotMet => "let the condition name this identity",
    };
    text.to_owned()
}
