//! A compiled trust policy and its decision.

use crate::document::{Document, Effect, Version};
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
        let variables = document.version == Some(Version::V2012);
        Self { statements: document.statements.iter().map(|s| Statement::compile(s, variables)).collect() }
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
