//! A compiled trust policy and its decision.

use crate::answer::Answer;
use crate::document::{Document, Effect, Version};
use crate::exchange::Exchange;
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
    /// What is unknown of the request decides: [`crate::Explanation::undecided`] says which keys.
    Undetermined,
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
    /// "Policy evaluation logic"). Undetermined only where what is unknown can turn the answer.
    pub fn evaluate(&self, request: &Request) -> Decision {
        let (mut allowed, mut denied) = (Answer::No, Answer::No);
        for statement in &self.statements {
            match statement.effect {
                Some(Effect::Deny) => match statement.applies(request) {
                    Answer::Yes => return Decision::ExplicitDeny,
                    Answer::Unknown => denied = Answer::Unknown,
                    Answer::No => {}
                },
                // An allow after an allow changes nothing, so it is not even tested.
                Some(Effect::Allow) if !allowed.is_yes() => {
                    allowed = Answer::any([allowed, statement.applies(request)]);
                }
                Some(Effect::Allow) | None => {}
            }
        }
        decision(allowed, denied)
    }

    /// Decides about a whole exchange: every action that STS asks the trust policy for must be allowed.
    pub fn decide(&self, exchange: &Exchange) -> Decision {
        let mut worst = Decision::Allow;
        for request in exchange.requests() {
            match self.evaluate(request) {
                Decision::Allow => {}
                Decision::Undetermined => worst = Decision::Undetermined,
                no @ (Decision::ExplicitDeny | Decision::ImplicitDeny) => return no,
            }
        }
        worst
    }
}

/// What allows and denies that apply, do not, or may, come to.
pub(crate) fn decision(allowed: Answer, denied: Answer) -> Decision {
    match (allowed, denied) {
        (_, Answer::Yes) => Decision::ExplicitDeny,
        // Whether a Deny applies as well changes nothing.
        (Answer::No, _) => Decision::ImplicitDeny,
        (Answer::Yes, Answer::No) => Decision::Allow,
        (Answer::Yes | Answer::Unknown, _) => Decision::Undetermined,
    }
}

impl From<Document> for Policy {
    /// Compiles as [`Policy::compile`] does, taking the texts over instead of copying them.
    fn from(document: Document) -> Self {
        let variables = document.version == Some(Version::V2012);
        Self { statements: document.statements.into_iter().map(|s| Statement::compile(s, variables)).collect() }
    }
}
