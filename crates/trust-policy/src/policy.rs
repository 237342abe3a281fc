//! A compiled trust policy and its decision.

use crate::document::{Document, Effect, Version};
use crate::parse::ParseError;
use crate::request::Request;
use crate::statement::Statement;
use serde::Serialize;

/// What a trust policy says of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// A statement allows and none denies.
    Allow,
    /// A statement denies.
    ExplicitDeny,
    /// No statement applies.
    ImplicitDeny,
}

/// A trust policy compiled for evaluation; independent of the document it came from.
#[derive(Debug, Clone)]
pub struct Policy {
    pub(crate) statements: Box<[Statement]>,
}

impl Policy {
    /// Compiles a document. Never fails: what IAM would not store (an unknown operator, a
    /// statement without principal or action) applies to no request.
    pub fn compile(document: &Document) -> Self {
        Self::from(document.clone())
    }

    /// Parses and compiles in one go, for inventories of which only the decisions matter.
    ///
    /// # Errors
    /// As [`Document::parse`].
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        Document::parse(text).map(Self::from)
    }

    /// Decides: an explicit deny beats an allow, and nothing is a deny (DOC: IAM User Guide,
    /// "Policy evaluation logic").
    pub fn evaluate(&self, request: &Request) -> Decision {
        let mut decision = Decision::ImplicitDeny;
        for statement in &self.statements {
            // An allow after an allow changes nothing, so it is not even tested.
            let (wanted, answer) = match statement.effect {
                Some(Effect::Deny) => (true, Decision::ExplicitDeny),
                Some(Effect::Allow) => (decision == Decision::ImplicitDeny, Decision::Allow),
                None => (false, Decision::ImplicitDeny),
            };
            if wanted && statement.applies(request) {
                decision = answer;
                if decision == Decision::ExplicitDeny {
                    break;
                }
            }
        }
        decision
    }
}

impl From<Document> for Policy {
    /// Compiles as [`Policy::compile`] does, taking the texts over instead of copying them.
    fn from(document: Document) -> Self {
        let variables = document.version == Some(Version::V2012);
        Self { statements: document.statements.into_iter().map(|s| Statement::compile(s, variables)).collect() }
    }
}
