//! Why an element of a trust policy does not match: the closed list of what is told apart, found by comparing what is
//! written with what would have matched.

mod issuer;
mod keys;
mod likeness;
mod principals;
mod subject;
mod values;
mod words;

pub(crate) use keys::key_misses;
pub(crate) use likeness::likeness;
pub(crate) use principals::federated_misses;
pub use subject::{GithubContext, SubjectDifference, SubjectForm};
pub(crate) use values::{has_foreign_variable, has_placeholder, value_misses};

use serde::Serialize;

/// Why something does not match. `value` is what is written, `expected` what would have matched.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "hint", rename_all = "kebab-case")]
pub enum Miss {
    /// A value has `*` or `?` under an operator that takes them literally, and would match under
    /// the operator that does not.
    WildcardUnderEquals {
        /// The policy value.
        value: String,
    },
    /// A value differs from the actual one in letter case only.
    CaseDiffers {
        /// The policy value.
        value: String,
        /// The actual value.
        expected: String,
    },
    /// A value matches but for a slash at the end of one of them.
    TrailingSlash {
        /// The policy value.
        value: String,
        /// The actual value.
        expected: String,
    },
    /// A value matches but for white space or characters that nobody sees.
    ExtraWhitespace {
        /// The policy value.
        value: String,
        /// The actual value.
        expected: String,
    },
    /// The key starts with `https://` (or `http://`).
    SchemeInKey {
        /// The key without it.
        expected: String,
    },
    /// The key starts with the provider's ARN instead of the issuer.
    ArnInKey {
        /// The key with the issuer only.
        expected: String,
    },
    /// The key has two claim names, as in `…:sub:aud`.
    DoubledSuffix {
        /// The key with the last of them only.
        expected: String,
    },
    /// The key is the issuer without any claim name.
    MissingSuffix {
        /// Keys that exist in the request.
        expected: Vec<String>,
    },
    /// The key differs from one of the request by a slash at the issuer's end or the like.
    KeyAlmost {
        /// The key that exists in the request.
        expected: String,
    },
    /// An `aud` key carries a value that is the token's subject, or looks like one.
    SubValueUnderAud {
        /// The policy value.
        value: String,
    },
    /// A `sub` key carries the token's audience.
    AudValueUnderSub {
        /// The policy value.
        value: String,
    },
    /// The key belongs to another issuer.
    KeyOfOtherIssuer {
        /// The issuer in the key.
        issuer: String,
        /// The issuer of the token.
        expected: String,
        /// What differs.
        difference: IssuerDifference,
    },
    /// The key belongs to a second issuer beside the token's own, whose keys the statement compares too: a token has
    /// one issuer only.
    SecondIssuer {
        /// The issuer in the key.
        issuer: String,
        /// The issuer of the token.
        expected: String,
    },
    /// IAM makes no key of this claim, so the key is never present.
    ClaimNotMapped {
        /// The claim.
        claim: String,
    },
    /// IAM makes a key of this claim, and the token does not have it.
    ClaimMissing {
        /// The claim.
        claim: String,
    },
    /// The token carries no such session tag.
    TagMissing {
        /// The key as written.
        key: String,
    },
    /// A call of this kind never has the key, or its value is another: the token has no part in it.
    CallDiffers {
        /// The key as written.
        key: String,
    },
    /// A variable of a value has no value in the request, so the statement does not apply.
    VariableWithoutValue {
        /// The value as written.
        value: String,
    },
    /// A placeholder such as `${ACCOUNT}` that a tool was to fill in stands in a key, a principal or a value as it is:
    /// IAM has variables in values only, and this is none of its own (DOC: IAM User Guide, "Policy variables").
    Unexpanded {
        /// What is written.
        text: String,
    },
    /// Subject and value differ.
    SubjectDiffers {
        /// The policy value.
        value: String,
        /// The subject.
        expected: String,
        /// How.
        difference: SubjectDifference,
    },
    /// Audience and value differ.
    AudienceDiffers {
        /// The policy value.
        value: String,
        /// The audience.
        expected: String,
        /// How.
        difference: AudienceDifference,
    },
    /// IAM has no such operator.
    UnknownOperator {
        /// The operator as written.
        operator: String,
    },
    /// The condition does not hold, for a reason that has no name of its own.
    ConditionNotMet,
    /// `Federated` is the issuer's name instead of the provider's ARN.
    FederatedIsBareIssuer {
        /// The value that would match.
        expected: String,
    },
    /// `Federated` has `https://` in it.
    FederatedHasScheme {
        /// The value that would match.
        expected: String,
    },
    /// `Federated` names the same provider in another account.
    FederatedOtherAccount {
        /// The account in the policy.
        account: String,
        /// The role's account.
        expected: String,
    },
    /// `Federated` names another provider.
    FederatedOtherProvider {
        /// The policy's value.
        value: String,
        /// The value that would match.
        expected: String,
        /// What differs.
        difference: IssuerDifference,
    },
    /// `Federated` is no name of a provider.
    FederatedMalformed {
        /// The policy's value.
        value: String,
        /// The value that would match.
        expected: String,
    },
    /// The principal is another, in a way that has no name of its own.
    PrincipalDiffers,
    /// The token carries session tags or a source identity, which need an action beside that no statement allows.
    ActionBeside {
        /// `sts:TagSession` or `sts:SetSourceIdentity`.
        action: String,
    },
    /// A Deny applies.
    ExplicitDeny {
        /// Whether it applies because a key is missing.
        by_missing_key: bool,
    },
    /// The statement allows another action.
    WrongAction {
        /// The actions in the policy.
        actions: Vec<String>,
        /// The action that would match.
        expected: String,
    },
    /// No statement of the policy names a federated principal.
    NoFederatedStatement,
}

/// What tells two issuers apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum IssuerDifference {
    /// Same cluster id, another region.
    Region,
    /// Same EKS region, another cluster id.
    ClusterId,
    /// Region and cluster id.
    RegionAndClusterId,
    /// The dual-stack host `oidc-eks.REGION.api.aws`, which tokens never name (REPORTED).
    DualStackHost,
    /// Letter case only: provider URLs are case-sensitive (DOC).
    LetterCase,
    /// A slash at the end, which makes another provider (REPORTED).
    TrailingSlash,
    /// The path that tells one customer of the host from another is missing.
    PathMissing,
    /// Something else.
    Other,
}

/// What tells two audiences apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AudienceDifference {
    /// One is `sts.amazonaws.com`, the other that of China's partition.
    Partition,
    /// One of them is the host of a regional STS endpoint.
    Endpoint,
    /// The token has an authorized party, which takes the audience's place.
    AuthorizedParty,
    /// Something else.
    Other,
}
