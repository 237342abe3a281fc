//! What a miss says, in words: a phrase after the place where it stands.

use super::{AudienceDifference, IssuerDifference, Miss, SubjectDifference};

impl Miss {
    /// It in words, with the values that do not fit. What the policy's text holds is quoted as it is.
    pub fn words(&self) -> String {
        match self {
            Self::WildcardUnderEquals { value } => {
                format!("`{value}` has a wildcard that this operator takes literally")
            }
            Self::CaseDiffers { value, expected } => {
                format!("`{value}` and `{expected}` differ in letter case only, which counts")
            }
            Self::TrailingSlash { value, expected } => {
                format!("`{value}` and `{expected}` differ by a slash at the end, which counts")
            }
            Self::ExtraWhitespace { value, expected } => format!(
                "`{}` and `{}` differ in blanks or characters that nobody sees, which count",
                value.escape_debug(),
                expected.escape_debug()
            ),
            Self::SchemeInKey { expected } => format!("the key begins with a scheme; the key is `{expected}`"),
            Self::ArnInKey { expected } => format!("the key begins with the provider's ARN; the key is `{expected}`"),
            Self::DoubledSuffix { expected } => format!("the key names two claims; one is meant, as in `{expected}`"),
            Self::MissingSuffix { expected } => {
                format!("the key names no claim; the request has {}", expected.join(", "))
            }
            Self::KeyAlmost { expected } => format!("the request has no such key, and has `{expected}`"),
            Self::SubValueUnderAud { value } => format!("a subject, `{value}`, stands under :aud"),
            Self::AudValueUnderSub { value } => format!("an audience, `{value}`, stands under :sub"),
            Self::KeyOfOtherIssuer { issuer, expected, difference } => {
                format!("the key is of the issuer `{issuer}`, and the token's is `{expected}`: {}", difference.words())
            }
            Self::SecondIssuer { issuer, expected } => {
                format!("the key is of a second issuer, `{issuer}`, beside `{expected}`: no token is of both")
            }
            Self::ClaimNotMapped { claim } => format!("IAM makes no key of the claim {claim}, so it is never there"),
            Self::ClaimMissing { claim } => format!("the token has no claim {claim}"),
            Self::TagMissing { key } => format!("the token carries no session tag for {key}"),
            Self::CallDiffers { key } => format!("a call of this kind has no {key}, or another value of it"),
            Self::VariableWithoutValue { value } => {
                format!("a variable of `{value}` has no value here, so the statement does not apply")
            }
            Self::Unexpanded { text } => format!("`{text}` stands as it was to be filled in"),
            Self::SubjectDiffers { value, expected, difference } => {
                format!("the subject is `{expected}`, and `{value}` is allowed: {}", difference.words())
            }
            Self::AudienceDiffers { value, expected, difference } => {
                format!("the audience is `{expected}`, and `{value}` is allowed: {}", difference.words())
            }
            Self::UnknownOperator { operator } => format!("IAM has no operator `{operator}`"),
            Self::ConditionNotMet => "the condition does not hold".to_owned(),
            Self::FederatedIsBareIssuer { expected } => {
                format!("the principal is the issuer's name, and should be the provider's ARN, `{expected}`")
            }
            Self::FederatedHasScheme { expected } => {
                format!("the principal has a scheme in it; the provider's ARN is `{expected}`")
            }
            Self::FederatedOtherAccount { account, expected } => {
                format!("the principal is of account {account}, and the role of {expected}")
            }
            Self::FederatedOtherProvider { value, expected, difference } => {
                format!("the principal is `{value}`, and the token is of `{expected}`: {}", difference.words())
            }
            Self::FederatedMalformed { value, expected } => {
                format!("the principal `{value}` is no provider's ARN, such as `{expected}`")
            }
            Self::PrincipalDiffers => "the principal is another".to_owned(),
            Self::ActionBeside { action } => format!("the token asks for {action} beside, which nothing allows"),
            Self::ExplicitDeny { by_missing_key: true } => {
                "the Deny applies, because a key that it asks for is missing".to_owned()
            }
            Self::ExplicitDeny { by_missing_key: false } => "the Deny applies".to_owned(),
            Self::WrongAction { actions, expected } => {
                format!("{} is allowed, and {expected} is asked for", actions.join(", "))
            }
            Self::NoFederatedStatement => "no statement is for a federated principal".to_owned(),
        }
    }
}

impl SubjectDifference {
    /// It in words.
    fn words(self) -> &'static str {
        match self {
            Self::NotServiceAccount => "the value is not of the form system:serviceaccount:NAMESPACE:NAME",
            Self::Namespace => "the namespace is another",
            Self::ServiceAccount => "the service account is another",
            Self::NamespaceAndServiceAccount => "namespace and service account are others",
            Self::ImmutableIds => "one of the two carries GitHub's numeric ids of owner and repository",
            Self::Customised => "the subject follows a template of its own",
            Self::Repository => "the repository is another",
            Self::Owner => "the owner is another",
            Self::OwnerAndRepository => "owner and repository are others",
            Self::NoContext => "the value ends after the repository, and a subject goes on with the context",
            Self::Context { .. } => "branch, tag, event or environment is another",
            Self::EmailAndNumber => "one is an e-mail address, the other a number",
            Self::Form => "they are of two forms",
            Self::Coarser => "the value goes on where the subject ends",
            Self::Finer => "the subject goes on where the value ends",
            Self::Other => "they name different identities",
        }
    }
}

impl AudienceDifference {
    /// It in words.
    fn words(self) -> &'static str {
        match self {
            Self::Partition => "they are of two partitions",
            Self::Endpoint => "one of them is the host of a regional STS endpoint",
            Self::AuthorizedParty => "the token has an azp, which IAM compares in place of aud",
            Self::Other => "the two must be equal",
        }
    }
}

impl IssuerDifference {
    /// It in words.
    fn words(self) -> &'static str {
        match self {
            Self::Region => "the region is another",
            Self::ClusterId => "the cluster is another",
            Self::RegionAndClusterId => "region and cluster are others",
            Self::DualStackHost => "one is the dual-stack host, which tokens never name",
            Self::LetterCase => "they differ in letter case only, which counts",
            Self::TrailingSlash => "they differ by a slash at the end, which counts",
            Self::PathMissing => "the path that tells one customer of the host from another is missing",
            Self::Other => "the two are different issuers",
        }
    }
}
