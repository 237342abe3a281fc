//! A trust policy as written: every element kept in order and in its own spelling.

use serde::Serialize;

/// The policy language's version. Policy variables work only in [`Version::V2012`]
/// (DOC: IAM User Guide, "Policy variables").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub enum Version {
    /// `2008-10-17`, also what a document without `Version` means.
    #[default]
    #[serde(rename = "2008-10-17")]
    V2008,
    /// `2012-10-17`.
    #[serde(rename = "2012-10-17")]
    V2012,
}

/// What a statement does when it applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Effect {
    /// Admits the request unless another statement denies it.
    Allow,
    /// Refuses the request whatever the others say.
    Deny,
}

/// The kinds of principal that a policy names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum PrincipalKind {
    /// `AWS`: accounts, users, roles, sessions.
    #[serde(rename = "AWS")]
    Aws,
    /// `Service`.
    Service,
    /// `Federated`: OIDC and SAML providers.
    Federated,
    /// `CanonicalUser`.
    CanonicalUser,
}

impl PrincipalKind {
    /// The element's name in a policy.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Aws => "AWS",
            Self::Service => "Service",
            Self::Federated => "Federated",
            Self::CanonicalUser => "CanonicalUser",
        }
    }
}

/// The value of `Principal` or `NotPrincipal`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principals {
    /// `"*"`.
    Everyone,
    /// `{"Federated": …}` and so on, flattened in the order written.
    Listed(Vec<(PrincipalKind, String)>),
    /// A plain string other than `*`, which IAM refuses and which matches nobody.
    Unusable(String),
}

/// `Principal` or `NotPrincipal`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrincipalElement {
    /// Whether this is `NotPrincipal`.
    pub negated: bool,
    /// Who is named.
    pub principals: Principals,
}

/// `Action` or `NotAction`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListElement {
    /// Whether this is the `Not…` form.
    pub negated: bool,
    /// The patterns, in order.
    pub values: Vec<String>,
}

/// One key of one operator of a `Condition`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentCondition {
    /// The operator as written, e.g. `ForAnyValue:StringLike`.
    pub operator: String,
    /// The key as written.
    pub key: String,
    /// The values as text; booleans and numbers are kept as their JSON text.
    pub values: Vec<String>,
}

/// One statement.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DocumentStatement {
    /// `Sid`.
    pub sid: Option<String>,
    /// `Effect`.
    pub effect: Option<Effect>,
    /// `Principal` or `NotPrincipal`.
    pub principal: Option<PrincipalElement>,
    /// `Action` or `NotAction`.
    pub action: Option<ListElement>,
    /// Whether `Resource` or `NotResource` is present, which a trust policy may not have.
    pub resource: Option<ListElement>,
    /// The conditions, flattened, in order.
    pub conditions: Vec<DocumentCondition>,
    /// Names of elements that the language does not have.
    pub unknown: Vec<String>,
    /// Operators of `Condition` that hold no key: the evaluation passes over them, and IAM reads their names all the
    /// same.
    pub empty: Vec<String>,
    /// Elements that stand beside their `Not…` form, of which the last was read: `Action`, `Principal`, `Resource`.
    pub exclusive: Vec<&'static str>,
}

/// Something that a reader of the document does not see: JSON readers keep the last of two equal
/// names and drop the other without a word (REPORTED: govuk-infrastructure 879). The language forbids it
/// (DOC: IAM User Guide, "Grammar of the IAM JSON policy language"); which of the two IAM keeps is unknown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Warning {
    /// An operator appears twice in one `Condition`; the keys of the first were dropped.
    OperatorDropped {
        /// Index of the statement.
        statement: usize,
        /// The operator.
        operator: String,
        /// The keys that went with it.
        keys: Vec<String>,
    },
    /// A key appears twice under one operator; the first was dropped.
    KeyDropped {
        /// Index of the statement.
        statement: usize,
        /// The operator.
        operator: String,
        /// The key.
        key: String,
    },
    /// A key appears twice under one operator, in two spellings that differ in the case of letters alone: for IAM they
    /// are one key (DOC: IAM User Guide, "Condition": key names are not case-sensitive), and a reader of JSON keeps
    /// both. Here both count; whether IAM keeps both is unknown.
    KeyInTwoSpellings {
        /// Index of the statement.
        statement: usize,
        /// The operator.
        operator: String,
        /// The key as it stands first.
        key: String,
        /// As it stands later.
        other: String,
    },
    /// A kind of principal appears twice; the first was dropped.
    PrincipalsDropped {
        /// Index of the statement.
        statement: usize,
        /// The kind.
        principal: PrincipalKind,
        /// The principals that went with it.
        values: Vec<String>,
    },
    /// An element appears twice; the first was dropped.
    ElementDropped {
        /// Index of the statement, or nothing for the document itself.
        statement: Option<usize>,
        /// The element.
        element: String,
    },
}

/// A parsed policy document.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Document {
    /// `Version`; nothing when absent (IAM then means `2008-10-17`).
    pub version: Option<Version>,
    /// `Id`.
    pub id: Option<String>,
    /// `Statement`, always a list.
    pub statements: Vec<DocumentStatement>,
    /// Names of top-level elements that the language does not have.
    pub unknown: Vec<String>,
    /// What was silently dropped.
    pub warnings: Vec<Warning>,
    /// The text's length in characters without whitespace outside strings, as IAM counts it.
    pub counted_length: usize,
}
