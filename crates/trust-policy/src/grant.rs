//! Identity-based policies and permissions boundaries: what they allow and deny a role to do.

use crate::answer::Answer;
use crate::context::Context;
use crate::document::{Document, DocumentStatement, Effect, ListElement, Version};
use crate::operator::{Comparison, Operator};
use crate::parse::ParseError;
use crate::statement::{Condition, action_applies};
use crate::text::Text;
use crate::value::Value;

/// One thing that a role wants to do.
#[derive(Debug, Clone)]
pub struct Use {
    /// The action, such as `ec2:DescribeSubnets`.
    pub action: String,
    /// The resource's ARN, or `*` where the action has none. Without one any resource will do: what is allowed for
    /// some is allowed, and what is denied for some only is not denied.
    pub resource: Option<String>,
    /// The condition keys of the request.
    pub context: Context,
}

/// What one policy says of a use.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Granted {
    /// Whether a statement allows it.
    pub allowed: Answer,
    /// Whether a statement denies it, which no allow outweighs (DOC: IAM User Guide, "Policy evaluation logic").
    pub denied: Answer,
    /// Condition keys that decide and are not known, in the order of the policy.
    pub undecided: Vec<String>,
}

/// An identity-based policy, or a permissions boundary, compiled.
#[derive(Debug, Clone)]
pub struct Grants {
    statements: Box<[Grant]>,
}

#[derive(Debug, Clone)]
struct Grant {
    effect: Effect,
    action: ListElement,
    resources: Box<[Value]>,
    negated: bool,
    conditions: Box<[Condition]>,
}

/// How patterns of resources are compared: wildcards anywhere, letter case counts (DOC: IAM User Guide, "Resource").
const LIKE: Operator =
    Operator { comparison: Comparison::StringLike, negated: false, if_exists: false, quantifier: None };

impl Grants {
    /// Parses and compiles a document. A statement without effect, action or resource, which IAM does not store,
    /// applies to nothing.
    ///
    /// # Errors
    /// As [`Document::parse`].
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let document = Document::parse(text)?;
        let variables = document.version == Some(Version::V2012);
        let statements = document.statements.into_iter().filter_map(|s| Grant::compile(s, variables)).collect();
        Ok(Self { statements })
    }

    /// What the policy says of a use.
    pub fn judge(&self, asked: &Use) -> Granted {
        let mut out = Granted { allowed: Answer::No, denied: Answer::No, undecided: Vec::new() };
        for statement in &self.statements {
            let applies = statement.applies(asked);
            if applies == Answer::Unknown {
                out.undecided.extend(statement.undecided(asked).filter(|k| !k.is_empty()));
            }
            let side = match statement.effect {
                Effect::Allow => &mut out.allowed,
                Effect::Deny => &mut out.denied,
            };
            *side = Answer::any([*side, applies]);
        }
        let mut seen = Vec::new();
        out.undecided.retain(|key| {
            let new = !seen.contains(key);
            seen.push(key.clone());
            new
        });
        out
    }

    /// Whether a Deny holds for every action on every resource, in a request with these keys.
    pub fn denies_everything(&self, context: &Context) -> bool {
        let asked = Use { action: String::new(), resource: None, context: context.clone() };
        self.statements.iter().any(|s| {
            let every = !s.action.negated && s.action.values.iter().any(|a| a == "*" || a == "*:*");
            let holds = s.conditions.iter().all(|c| c.answer(context, Some(Effect::Deny)) == Answer::Yes);
            s.effect == Effect::Deny && every && holds && s.concerns(&asked) == Answer::Yes
        })
    }
}

impl Grant {
    fn compile(statement: DocumentStatement, variables: bool) -> Option<Self> {
        let resource = statement.resource?;
        Some(Self {
            effect: statement.effect?,
            action: statement.action?,
            negated: resource.negated,
            resources: resource.values.into_iter().map(|text| Value::compile(text, LIKE, variables)).collect(),
            conditions: statement.conditions.into_iter().map(|c| Condition::compile(c, variables)).collect(),
        })
    }

    fn applies(&self, asked: &Use) -> Answer {
        if !action_applies(&self.action, &asked.action) {
            return Answer::No;
        }
        let conditions = self.conditions.iter().map(|c| c.answer(&asked.context, Some(self.effect)));
        Answer::all([self.concerns(asked), Answer::all(conditions)])
    }

    /// Whether the statement is about the resource.
    fn concerns(&self, asked: &Use) -> Answer {
        let text = asked
            .resource
            .as_ref()
            .map_or_else(|| Text::unknown("resource"), |known| Text::new([crate::text::Part::Known(known.clone())]));
        let named = Answer::any(self.resources.iter().map(|v| v.compare_text(LIKE.comparison, &text, &asked.context)));
        match named.turned(self.negated) {
            Answer::Unknown if asked.resource.is_none() => Answer::from(self.effect == Effect::Allow),
            told @ (Answer::Yes | Answer::No | Answer::Unknown) => told,
        }
    }

    /// The keys of its conditions that are open.
    fn undecided<'a>(&'a self, asked: &'a Use) -> impl Iterator<Item = String> + 'a {
        self.conditions
            .iter()
            .filter(|c| c.answer(&asked.context, Some(self.effect)) == Answer::Unknown)
            .map(|c| c.key.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(statement: &str, action: &str, resource: Option<&str>) -> (Answer, Answer, Vec<String>) {
        let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
        let mut context = Context::open();
        context.set("aws:PrincipalAccount", ["111122223333"]);
        let asked = Use { action: action.to_owned(), resource: resource.map(str::to_owned), context };
        let Granted { allowed, denied, undecided } = Grants::parse(&text).expect("a policy").judge(&asked);
        (allowed, denied, undecided)
    }

    #[test]
    fn actions_and_resources_match_by_wildcards_and_their_negations() {
        use Answer::{No, Yes};
        for (statement, action, resource, allowed) in [
            (r#"{"Effect":"Allow","Action":"ec2:Describe*","Resource":"*"}"#, "ec2:describesubnets", Some("*"), Yes),
            (r#"{"Effect":"Allow","Action":"ec2:Describe*","Resource":"*"}"#, "ec2:CreateTags", Some("*"), No),
            (r#"{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}"#, "s3:GetObject", None, Yes),
            (r#"{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}"#, "iam:GetRole", None, No),
            (
                r#"{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::logs/*"}"#,
                "s3:GetObject",
                Some("arn:aws:s3:::logs/a"),
                Yes,
            ),
            (
                r#"{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::logs/*"}"#,
                "s3:GetObject",
                Some("arn:aws:s3:::other/a"),
                No,
            ),
            (
                r#"{"Effect":"Allow","Action":"s3:*","NotResource":"arn:aws:s3:::logs/*"}"#,
                "s3:GetObject",
                Some("arn:aws:s3:::logs/a"),
                No,
            ),
            (
                r#"{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::${aws:PrincipalAccount}/*"}"#,
                "s3:GetObject",
                Some("arn:aws:s3:::111122223333/a"),
                Yes,
            ),
            (r#"{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::logs/*"}"#, "s3:GetObject", None, Yes),
        ] {
            assert_eq!(judge(statement, action, resource).0, allowed, "{statement} {action} {resource:?}");
        }
    }

    #[test]
    fn a_deny_of_some_resources_denies_none_in_particular() {
        let deny = r#"{"Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::secret/*"}"#;
        assert_eq!(judge(deny, "s3:GetObject", None).1, Answer::No);
        assert_eq!(judge(deny, "s3:GetObject", Some("arn:aws:s3:::secret/a")).1, Answer::Yes);
        assert_eq!(judge(r#"{"Effect":"Deny","Action":"*","Resource":"*"}"#, "s3:GetObject", None).1, Answer::Yes);
    }

    #[test]
    fn a_deny_of_everything_has_no_exception() {
        let denies = |statement: &str| {
            let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
            let mut context = Context::open();
            context.set("aws:PrincipalAccount", ["111122223333"]);
            Grants::parse(&text).expect("a policy").denies_everything(&context)
        };
        assert!(denies(r#"{"Effect":"Deny","Action":"*","Resource":"*"}"#));
        assert!(denies(
            r#"{"Effect":"Deny","Action":["*"],"Resource":["*"],
                "Condition":{"StringEquals":{"aws:PrincipalAccount":"111122223333"}}}"#
        ));
        for other in [
            r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#,
            r#"{"Effect":"Deny","NotAction":"s3:*","Resource":"*"}"#,
            r#"{"Effect":"Deny","Action":"s3:*","Resource":"*"}"#,
            r#"{"Effect":"Deny","Action":"*","Resource":"arn:aws:s3:::*"}"#,
            r#"{"Effect":"Deny","Action":"*","NotResource":"arn:aws:s3:::logs"}"#,
            r#"{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}"#,
            r#"{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}}"#,
        ] {
            assert!(!denies(other), "{other}");
        }
    }

    #[test]
    fn a_condition_on_what_is_not_known_is_open_and_named() {
        let region = r#"{"Effect":"Deny","Action":"*","Resource":"*",
            "Condition":{"StringNotEquals":{"aws:RequestedRegion":["eu-west-1"]}}}"#;
        assert_eq!(
            judge(region, "s3:GetObject", None),
            (Answer::No, Answer::Unknown, vec!["aws:RequestedRegion".to_owned()])
        );
        let ours = r#"{"Effect":"Allow","Action":"*","Resource":"*",
            "Condition":{"StringEquals":{"aws:PrincipalAccount":"111122223333"}}}"#;
        assert_eq!(judge(ours, "s3:GetObject", None), (Answer::Yes, Answer::No, Vec::new()));
    }
}
