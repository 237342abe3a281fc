//! The checks that IAM makes when a trust policy is saved.
//!
//! IAM documents few of its texts; each variant says where its text is known from.

mod refusal;
mod shared;
mod statement;

pub(crate) use statement::is_trust_action;

pub use refusal::Refusal;
pub use shared::SHARED_ISSUERS;

use crate::document::Document;
use serde::Serialize;

/// Characters that a trust policy may have, white space outside strings not counted (DOC: IAM
/// User Guide, "IAM and AWS STS quotas"; raisable to 4,096).
pub const TRUST_POLICY_QUOTA: usize = 2_048;

/// The most characters that an account can have its quota raised to (the same source).
pub const TRUST_POLICY_QUOTA_RAISED: usize = 4_096;

/// What the checks depend on besides the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaveContext {
    /// The account's quota, in characters.
    pub size_quota: usize,
    /// The account that will own the role, to tell a provider of another account.
    pub account: Option<String>,
}

impl Default for SaveContext {
    fn default() -> Self {
        Self { size_quota: TRUST_POLICY_QUOTA, account: None }
    }
}

/// Why IAM refuses to save a document. The texts are IAM's own where they are known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize)]
#[serde(tag = "error", rename_all = "kebab-case")]
pub enum SaveError {
    /// The document is over the quota (text REPORTED).
    #[error("Cannot exceed quota for ACLSizePerRole: {quota}")]
    TooLong {
        /// Counted characters.
        length: usize,
        /// The quota.
        quota: usize,
    },
    /// No statement, or an element that the language lacks (text unconfirmed).
    #[error("Syntax errors in policy.")]
    Syntax {
        /// Index of the statement, or nothing for the document.
        statement: Option<usize>,
        /// The element at fault.
        element: String,
    },
    /// An element is missing (text REPORTED for `Principal`).
    #[error("Missing required field {element}")]
    MissingElement {
        /// Index of the statement.
        statement: usize,
        /// The element.
        element: &'static str,
    },
    /// `Resource` has no place in a trust policy (text REPORTED).
    #[error("Has prohibited field Resource")]
    ProhibitedResource {
        /// Index of the statement.
        statement: usize,
    },
    /// The operator does not exist (text REPORTED).
    #[error("Invalid Condition type : {operator}")]
    InvalidConditionType {
        /// Index of the statement.
        statement: usize,
        /// The operator as written.
        operator: String,
    },
    /// An action is none of STS's role assumption ones (text REPORTED by emulators).
    #[error("AssumeRole policy may only specify STS AssumeRole actions.")]
    ForeignAction {
        /// Index of the statement.
        statement: usize,
        /// The action.
        action: String,
    },
    /// A federated principal is neither a provider's ARN nor a domain name (text REPORTED).
    #[error("Federated principals must be valid domain names or SAML metadata ARNs")]
    InvalidFederated {
        /// Index of the statement.
        statement: usize,
        /// The value.
        value: String,
    },
    /// The principal is no principal (text REPORTED by emulators).
    #[error("AssumeRolepolicy contained an invalid principal: {value}.")]
    InvalidPrincipal {
        /// Index of the statement.
        statement: usize,
        /// The value.
        value: String,
    },
    /// An AWS principal is neither an ARN nor an account (text REPORTED).
    #[error("Invalid principal in policy: \"AWS\":\"{value}\"")]
    InvalidAwsPrincipal {
        /// Index of the statement.
        statement: usize,
        /// The value.
        value: String,
    },
    /// `Principal` names nobody (text REPORTED by emulators).
    #[error("Missing required field Principal cannot be empty!")]
    EmptyPrincipal {
        /// Index of the statement.
        statement: usize,
    },
    /// `NotPrincipal` has no place in a trust policy (DOC: IAM User Guide, "AWS JSON policy
    /// elements: `NotPrincipal`"; text REPORTED by
    /// emulators).
    #[error("AssumeRole policy must not contain NotPrincipal field.")]
    NotPrincipal {
        /// Index of the statement.
        statement: usize,
    },
    /// An element stands beside its `Not…` form (DOC: IAM User Guide, "IAM JSON policy elements reference"; text
    /// REPORTED for other kinds of policy).
    #[error("Syntax errors in policy.")]
    ExclusiveElements {
        /// Index of the statement.
        statement: usize,
        /// The element.
        element: &'static str,
    },
    /// `Action` is an empty list (text REPORTED for other kinds of policy).
    #[error("Policy statement must contain actions.")]
    NoActions {
        /// Index of the statement.
        statement: usize,
    },
    /// An action has no service before it (text REPORTED for other kinds of policy).
    #[error("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")]
    ActionWithoutService {
        /// Index of the statement.
        statement: usize,
        /// The action.
        action: String,
    },
    /// A condition key has nothing before it. IAM's text for actions names conditions too, and users report keys of a
    /// bare issuer in policies that are in use.
    #[error("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")]
    KeyWithoutPrefix {
        /// Index of the statement.
        statement: usize,
        /// The condition key.
        key: String,
    },
    /// An action or a condition key has more than one colon (text REPORTED).
    #[error("Actions/Condition can contain only one colon.")]
    TwoColons {
        /// Index of the statement.
        statement: usize,
        /// The action or key.
        text: String,
    },
    /// A date cannot be read (text REPORTED for other kinds of policy).
    #[error("The policy failed legacy parsing")]
    UnreadableDate {
        /// Index of the statement.
        statement: usize,
        /// The condition key.
        key: String,
        /// The value.
        value: String,
    },
    /// A value cannot be read for its operator. What IAM does is unknown.
    #[error("`{value}` is no value for {operator}, and whether IAM saves it is not known")]
    UnreadableValue {
        /// Index of the statement.
        statement: usize,
        /// The operator.
        operator: String,
        /// The condition key.
        key: String,
        /// The value.
        value: String,
    },
    /// A condition key has an empty list of values. What IAM does is unknown.
    #[error("`{key}` under {operator} has no values, and whether IAM saves it is not known")]
    NoValues {
        /// Index of the statement.
        statement: usize,
        /// The operator.
        operator: String,
        /// The condition key.
        key: String,
    },
    /// Two statements have the same `Sid` (DOC: IAM User Guide, "IAM JSON policy elements: Sid"; text REPORTED).
    #[error("Statement IDs (SID) in a single policy must be unique.")]
    DuplicateSid {
        /// Index of the second statement.
        statement: usize,
        /// The `Sid`.
        sid: String,
    },
    /// A statement allows a provider that many customers share without evaluating the claim that
    /// tells them apart (DOC: IAM User Guide, "Identity-provider controls for shared OIDC
    /// providers"). IAM's own text is unknown.
    #[error("the shared provider {issuer} needs a condition on {key}")]
    SharedIssuerUnguarded {
        /// Index of the statement.
        statement: usize,
        /// The provider.
        issuer: String,
        /// The condition key that must be evaluated.
        key: String,
    },
}

/// How well it is known that IAM refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// AWS's documentation forbids it.
    Documented,
    /// Users, or emulators built from AWS's answers, report the refusal.
    Reported,
    /// The language has no use for it, and nobody says what IAM does.
    Unknown,
}

impl SaveError {
    /// The error's code in IAM's answer (the guard's is presumed).
    pub fn code(&self) -> &'static str {
        if matches!(self, Self::TooLong { .. }) { "LimitExceeded" } else { "MalformedPolicyDocument" }
    }
}

impl Document {
    /// All reasons for which IAM would refuse to save this as a trust policy, in order of
    /// statements. IAM itself names only one.
    pub fn lint(&self, context: &SaveContext) -> Vec<SaveError> {
        let mut errors = Vec::new();
        if self.counted_length > context.size_quota {
            errors.push(SaveError::TooLong { length: self.counted_length, quota: context.size_quota });
        }
        if self.statements.is_empty() {
            errors.push(SaveError::Syntax { statement: None, element: "Statement".to_owned() });
        }
        errors.extend(self.unknown.iter().map(|e| SaveError::Syntax { statement: None, element: e.clone() }));
        for (index, statement) in self.statements.iter().enumerate() {
            statement::check(index, statement, context, &mut errors);
            let earlier = self.statements.iter().take(index).filter_map(|s| s.sid.as_ref());
            if let Some(sid) = statement.sid.as_ref().filter(|sid| !sid.is_empty())
                && earlier.into_iter().any(|s| s == sid)
            {
                errors.push(SaveError::DuplicateSid { statement: index, sid: sid.clone() });
            }
        }
        errors
    }
}
