//! The cause that fits what a policy's explanation says, by the name that `diagnose` gives it.

use trustwalk_trust_policy::{
    AudienceDifference, Document, GithubContext, IssuerDifference, Miss, Place, Reason, SaveError, SubjectDifference,
    SubjectForm, TAG_SESSION_ACTION,
};

/// The cause of a reason.
pub(super) fn of_reason(reason: &Reason, document: &Document, issuer: &str) -> &'static str {
    match &reason.miss {
        Miss::WildcardUnderEquals { .. } => "wildcard-with-stringequals",
        Miss::CaseDiffers { expected, .. }
        | Miss::TrailingSlash { expected, .. }
        | Miss::ExtraWhitespace { expected, .. } => of_slip(reason, expected),
        Miss::SchemeInKey { .. } | Miss::FederatedHasScheme { .. } => "https-prefix-in-arn-or-condition-key",
        Miss::ArnInKey { .. } | Miss::DoubledSuffix { .. } | Miss::KeyAlmost { .. } => "condition-key-not-issuer-path",
        Miss::MissingSuffix { .. } => "condition-key-missing-sub-suffix",
        Miss::SubValueUnderAud { .. } | Miss::AudValueUnderSub { .. } => "sub-value-under-aud-key",
        Miss::KeyOfOtherIssuer { difference, .. } => of_issuer(*difference).unwrap_or("condition-key-not-issuer-path"),
        Miss::SecondIssuer { .. } => "two-issuers-and-ed-in-one-statement",
        Miss::ClaimNotMapped { claim } if claim == "iss" && !names_issuer(reason, document, issuer) => {
            "iss-condition-value-wrong-scheme"
        }
        Miss::ClaimNotMapped { .. } => "condition-key-claim-not-supported-by-iam",
        Miss::TagMissing { .. } => "required-session-tag-not-in-token",
        Miss::SubjectDiffers { expected, difference, .. } => of_subject(*difference, expected),
        Miss::AudienceDiffers { difference, .. } => match difference {
            AudienceDifference::Partition => "partition-audience-mismatch",
            AudienceDifference::Endpoint => "audience-confused-with-sts-endpoint",
            AudienceDifference::AuthorizedParty => "azp-claim-used-as-audience",
            AudienceDifference::Other => "audience-condition-wrong-in-trust-policy",
        },
        Miss::FederatedIsBareIssuer { .. } | Miss::FederatedMalformed { .. } => "federated-principal-malformed",
        Miss::FederatedOtherAccount { .. } => "federated-arn-wrong-account",
        Miss::FederatedOtherProvider { difference, .. } => {
            of_issuer(*difference).unwrap_or("federated-arn-wrong-provider")
        }
        Miss::PrincipalDiffers => "federated-arn-wrong-provider",
        Miss::ActionBeside { action } if action == TAG_SESSION_ACTION => "tagsession-not-allowed-in-trust-policy",
        Miss::ActionBeside { .. } | Miss::WrongAction { .. } => "trust-policy-wrong-action",
        Miss::NoFederatedStatement => "trust-policy-lacks-web-identity-statement",
        Miss::ClaimMissing { .. }
        | Miss::CallDiffers { .. }
        | Miss::VariableWithoutValue { .. }
        | Miss::UnknownOperator { .. }
        | Miss::ConditionNotMet
        | Miss::ExplicitDeny { .. } => "trust-condition-not-met",
    }
}

/// The cause of a refusal to save, where one has a name.
pub(super) fn of_refusal(error: &SaveError) -> Option<&'static str> {
    let scheme = |text: &String| text.contains("://");
    match error {
        SaveError::TooLong { .. } => Some("trust-policy-size-quota"),
        SaveError::SharedIssuerUnguarded { .. } => Some("iam-rejects-trust-policy-without-required-claim"),
        SaveError::InvalidFederated { value: text, .. } | SaveError::TwoColons { text, .. } if scheme(text) => {
            Some("https-prefix-in-arn-or-condition-key")
        }
        SaveError::InvalidFederated { .. } => Some("federated-principal-malformed"),
        SaveError::ForeignAction { .. } | SaveError::ActionWithoutService { .. } => Some("trust-policy-wrong-action"),
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
        | SaveError::TwoColons { .. }
        | SaveError::UnreadableDate { .. }
        | SaveError::UnreadableValue { .. }
        | SaveError::NoValues { .. }
        | SaveError::DuplicateSid { .. } => None,
    }
}

/// Values that differ in what is easily overlooked.
fn of_slip(reason: &Reason, expected: &str) -> &'static str {
    let audience = matches!(&reason.place, Place::Condition { key, .. } if claim(key).eq_ignore_ascii_case("aud"));
    match (SubjectForm::of(expected), &reason.miss) {
        (SubjectForm::ServiceAccount { .. }, _) => "sub-wrong-service-account",
        (SubjectForm::Repository { .. }, Miss::CaseDiffers { .. }) => "gha-sub-case-mismatch",
        _ if audience => "audience-condition-wrong-in-trust-policy",
        _ => "trust-condition-not-met",
    }
}

fn of_issuer(difference: IssuerDifference) -> Option<&'static str> {
    match difference {
        IssuerDifference::Region => Some("wrong-region-in-issuer-host"),
        IssuerDifference::TrailingSlash => Some("issuer-trailing-slash-mismatch"),
        IssuerDifference::PathMissing => Some("enterprise-issuer-path-missing-in-condition-key"),
        IssuerDifference::DualStackHost => Some("issuer-host-changed-dual-stack"),
        IssuerDifference::ClusterId
        | IssuerDifference::RegionAndClusterId
        | IssuerDifference::LetterCase
        | IssuerDifference::Other => None,
    }
}

fn of_subject(difference: SubjectDifference, expected: &str) -> &'static str {
    use GithubContext as G;
    match difference {
        SubjectDifference::NotServiceAccount
        | SubjectDifference::ServiceAccount
        | SubjectDifference::NamespaceAndServiceAccount => "sub-wrong-service-account",
        SubjectDifference::Namespace => "sub-wrong-namespace",
        SubjectDifference::ImmutableIds => "gha-sub-immutable-ids",
        SubjectDifference::Customised => "gha-sub-customised",
        SubjectDifference::NoContext => "gha-sub-no-trailing-context",
        SubjectDifference::Context { wanted, have } => match (wanted, have) {
            (G::Environment, G::Branch | G::Tag) | (G::Branch | G::Tag, G::Environment) => "gha-sub-environment-vs-ref",
            _ => "gha-sub-branch-or-tag-not-allowed",
        },
        SubjectDifference::EmailAndNumber => "idp-sub-format-varies",
        SubjectDifference::Form if SubjectForm::of(expected) == SubjectForm::Other => "idp-sub-format-changed",
        // That a repository was renamed needs evidence of a rename.
        SubjectDifference::Repository
        | SubjectDifference::Owner
        | SubjectDifference::OwnerAndRepository
        | SubjectDifference::Form
        | SubjectDifference::Other => "trust-condition-not-met",
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
