//! The IAM trust-policy language: parse, check as IAM does on save, evaluate, explain, index.
//!
//! ```
//! use trustwalk_trust_policy::{Decision, Document, Identity, Policy, Request};
//!
//! let text = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
//!   "Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/issuer.example/id/A"},
//!   "Action":"sts:AssumeRoleWithWebIdentity",
//!   "Condition":{"StringEquals":{"issuer.example/id/A:sub":"system:serviceaccount:ns:app"}}}]}"#;
//! let policy = Policy::compile(&Document::parse(text)?);
//! let identity = Identity::new("arn:aws:iam::111122223333:oidc-provider/issuer.example/id/A")
//!     .with_claim("aud", "sts.amazonaws.com")
//!     .with_claim("sub", "system:serviceaccount:ns:other");
//! let request = Request::web_identity(&identity);
//! assert_eq!(policy.evaluate(&request), Decision::ImplicitDeny);
//! let explanation = policy.explain(&request);
//! assert!(!explanation.statements[0].conditions[0].verdict.is_met());
//! # Ok::<(), trustwalk_trust_policy::ParseError>(())
//! ```
//!
//! Pure: no IO, no clock, no randomness that shows in an answer. Everything the record of AWS
//! leaves open is said in the doc comment of the function that had to choose.

mod answer;
mod breadth;
mod call;
mod claim_keys;
mod claims;
mod context;
mod document;
mod edit;
mod exchange;
mod explain;
mod glob;
mod grant;
mod index;
mod lint;
mod miss;
mod moments;
mod nearest;
mod operator;
mod parse;
mod policy;
mod print;
mod provider;
mod reasons;
mod request;
pub mod sample;
mod statement;
mod tags;
mod template;
mod text;
mod value;
mod widens;

pub use answer::Answer;
pub use breadth::{Breadth, Wide};
pub use call::Call;
pub use claim_keys::claim_becomes_key;
pub use claims::Identity;
pub use context::{Context, Fact};
pub use document::{
    Document, DocumentCondition, DocumentStatement, Effect, ListElement, PrincipalElement, PrincipalKind, Principals,
    Version, Warning,
};
pub use edit::{Edit, EditKind, NoEdit, smallest_edit, smallest_edit_knowing};
pub use exchange::{Exchange, SET_SOURCE_IDENTITY_ACTION, TAG_SESSION_ACTION};
pub use explain::{ConditionReport, ConditionVerdict, ElementReport, Explanation, StatementReport};
pub use glob::like;
pub use grant::{Granted, Grants, Use};
pub use index::RoleIndex;
pub use lint::{
    Refusal, SHARED_ISSUERS, SaveContext, SaveError, Standing, TRUST_POLICY_QUOTA, TRUST_POLICY_QUOTA_RAISED,
};
pub use miss::{AudienceDifference, GithubContext, IssuerDifference, Miss, SubjectDifference, SubjectForm};
pub use moments::Closing;
pub use nearest::NearMiss;
pub use operator::{Comparison, Operator, Quantifier};
pub use parse::{MAX_CONDITION_KEYS, MAX_DOCUMENT_BYTES, ParseError};
pub use policy::{Decision, Policy};
pub use provider::{BUILT_IN_PROVIDERS, ProviderArn};
pub use reasons::{Place, Reason};
pub use request::{Principal, Request, WEB_IDENTITY_ACTION};
pub use tags::{SOURCE_IDENTITY_CLAIM, SessionTags, TAGS_CLAIM};
pub use text::{Part, Text};
pub use value::date;
pub use widens::{Asked, MAX_TRIALS, TooMany, Witness, widened};
