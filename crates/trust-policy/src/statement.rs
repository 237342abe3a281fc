//! A compiled statement and the tests of its elements.

use crate::answer::Answer;
use crate::context::{Context, Fact};
use crate::document::{
    DocumentCondition, DocumentStatement, Effect, ListElement, PrincipalElement, PrincipalKind, Principals,
};
use crate::glob::{self, units};
use crate::operator::{Comparison, Operator, Quantifier};
use crate::request::{Principal, Request};
use crate::text::Text;
use crate::value::{Test, Value};

/// A statement ready to be evaluated.
#[derive(Debug, Clone)]
pub(crate) struct Statement {
    pub(crate) sid: Option<Box<str>>,
    pub(crate) effect: Option<Effect>,
    pub(crate) principal: Option<PrincipalElement>,
    pub(crate) action: Option<ListElement>,
    pub(crate) conditions: Box<[Condition]>,
}

/// One condition key under one operator.
#[derive(Debug, Clone)]
pub(crate) struct Condition {
    pub(crate) operator_text: Box<str>,
    pub(crate) operator: Option<Operator>,
    pub(crate) key: Box<str>,
    pub(crate) values: Box<[Value]>,
}

impl Statement {
    pub(crate) fn compile(statement: DocumentStatement, variables: bool) -> Self {
        Self {
            sid: statement.sid.map(Into::into),
            effect: statement.effect,
            principal: statement.principal,
            action: statement.action,
            conditions: statement.conditions.into_iter().map(|c| Condition::compile(c, variables)).collect(),
        }
    }

    /// Whether two statements say the same, whatever they are called.
    pub(crate) fn says_what(&self, other: &Self) -> bool {
        self.effect == other.effect
            && self.principal == other.principal
            && self.action == other.action
            && self.conditions.len() == other.conditions.len()
            && self.conditions.iter().zip(&other.conditions).all(|(a, b)| a.says_what(b))
    }

    /// Whether the statement applies to a request.
    pub(crate) fn applies(&self, request: &Request) -> Answer {
        self.applies_without(None, request)
    }

    /// Whether the statement applies, leaving one of its conditions out.
    pub(crate) fn applies_without(&self, left_out: Option<&Condition>, request: &Request) -> Answer {
        let meant = self.action.as_ref().is_some_and(|a| action_applies(a, &request.action))
            && self.principal.as_ref().is_some_and(|p| principal_applies(p, &request.principal));
        if !meant {
            return Answer::No;
        }
        let conditions = self.conditions.iter().filter(|c| !left_out.is_some_and(|l| std::ptr::eq(l, *c)));
        Answer::all(conditions.map(|c| c.answer(&request.context, self.effect)))
    }
}

/// Action names have no letter case; `*` and `?` are wildcards (DOC: IAM User Guide, "Action").
pub(crate) fn action_applies(element: &ListElement, action: &str) -> bool {
    let named = element.values.iter().any(|pattern| {
        pattern.eq_ignore_ascii_case(action)
            || (pattern.contains(['*', '?'])
                && glob::matches(&units(pattern).collect::<Vec<_>>(), action, glob::same_letter))
    });
    named != element.negated
}

pub(crate) fn principal_applies(element: &PrincipalElement, principal: &Principal) -> bool {
    let named = match &element.principals {
        Principals::Everyone => true,
        Principals::Unusable(_) => false,
        Principals::Listed(listed) => listed.iter().any(|(kind, value)| names(*kind, value, principal)),
    };
    named != element.negated
}

/// Whether one principal value names the one who asks.
///
/// `*` alone is a wildcard, part of a name never is (DOC: IAM User Guide, "Principal"). There
/// `{"AWS": "*"}` is equal to `"*"`; for the other kinds `*` is taken to mean all of that kind.
fn names(kind: PrincipalKind, value: &str, principal: &Principal) -> bool {
    match (kind, principal) {
        (PrincipalKind::Aws, _) if value == "*" => true,
        (PrincipalKind::Aws, Principal::Aws(arn)) => names_aws(value, arn),
        (PrincipalKind::Service, Principal::Service(name))
        | (PrincipalKind::Federated, Principal::Federated(name))
        | (PrincipalKind::CanonicalUser, Principal::CanonicalUser(name)) => value == "*" || value == name,
        _ => false,
    }
}

/// An AWS principal: itself, its account (`…:root` or the bare number), or the role whose
/// session it is (DOC: IAM User Guide, "Principal").
fn names_aws(value: &str, arn: &str) -> bool {
    if value == arn {
        return true;
    }
    let mut parts = arn.splitn(6, ':');
    let (partition, account, resource) = (parts.nth(1), parts.nth(2), parts.next());
    let (Some(partition), Some(account), Some(resource)) = (partition, account, resource) else { return false };
    if account.is_empty() {
        return false;
    }
    let Some(rest) = value.strip_prefix("arn:") else { return value == account };
    let Some(rest) = rest.strip_prefix(partition).and_then(|r| r.strip_prefix(":iam::")) else { return false };
    let Some(name) = rest.strip_prefix(account).and_then(|r| r.strip_prefix(':')) else { return false };
    if name == "root" {
        return true;
    }
    // A session's ARN names the role without its path.
    let session = resource.strip_prefix("assumed-role/").and_then(|r| r.split('/').next());
    name.strip_prefix("role/").and_then(|r| r.rsplit('/').next()).is_some_and(|role| session == Some(role))
}

impl Condition {
    pub(crate) fn compile(condition: DocumentCondition, variables: bool) -> Self {
        let operator = Operator::parse(&condition.operator);
        let value = |text: String| match operator {
            Some(operator) => Value::compile(text, operator, variables),
            None => Value { text: text.into(), test: Test::Never },
        };
        Self {
            operator_text: condition.operator.into(),
            operator,
            key: condition.key.into(),
            values: condition.values.into_iter().map(value).collect(),
        }
    }

    /// Whether the key is an issuer's claim of this name.
    pub(crate) fn is_claim(&self, name: &str) -> bool {
        self.key.rsplit_once(':').is_some_and(|(_, claim)| claim.eq_ignore_ascii_case(name))
    }

    /// Whether the condition certainly holds in an Allow.
    pub(crate) fn met(&self, context: &Context) -> bool {
        self.answer(context, Some(Effect::Allow)).is_yes()
    }

    /// Whether the condition holds. An operator that IAM does not have never holds: IAM would not have stored the
    /// document.
    pub(crate) fn answer(&self, context: &Context, effect: Option<Effect>) -> Answer {
        let Some(operator) = self.operator else { return Answer::No };
        let fact = context.fact(&self.key);
        if operator.comparison == Comparison::Null {
            let absent = match fact {
                Fact::Absent => Answer::Yes,
                Fact::Unknown => Answer::Unknown,
                Fact::Known(_) | Fact::Partly(_) | Fact::Present => Answer::No,
            };
            return Answer::any(
                self.values
                    .iter()
                    .map(|v| if let Test::Flag(wanted) = v.test { absent.turned(!wanted) } else { Answer::No }),
            );
        }
        let unknown = || [Text::unknown(&*self.key)];
        match fact {
            Fact::Absent => self.when_missing(operator, context, effect),
            Fact::Known(values) => {
                let each = values.iter().map(|v| self.matches(operator.comparison, v, context));
                self.over(operator, each, context, effect)
            }
            Fact::Partly(texts) => self.over_texts(operator, texts, context, effect),
            Fact::Present => self.over_texts(operator, &unknown(), context, effect),
            Fact::Unknown => {
                let present = self.over_texts(operator, &unknown(), context, effect);
                present.agreed(self.when_missing(operator, context, effect))
            }
        }
    }

    fn over_texts(&self, operator: Operator, texts: &[Text], context: &Context, effect: Option<Effect>) -> Answer {
        let each = texts
            .iter()
            .map(|text| Answer::any(self.values.iter().map(|v| v.compare_text(operator.comparison, text, context))));
        self.over(operator, each, context, effect)
    }

    /// The operator over the matches of the single values, each told before negation.
    fn over(
        &self,
        operator: Operator,
        matches: impl Iterator<Item = Answer>,
        context: &Context,
        effect: Option<Effect>,
    ) -> Answer {
        let satisfied = matches.map(|m| m.turned(operator.negated));
        let holds = match (operator.quantifier, operator.negated) {
            // Without a set operator a negated one holds only if no value matches.
            (Some(Quantifier::ForAllValues), _) | (None, true) => Answer::all(satisfied),
            (Some(Quantifier::ForAnyValue), _) | (None, false) => Answer::any(satisfied),
        };
        if operator.negated { Answer::all([holds, self.variables_have_values(context, effect)]) } else { holds }
    }

    /// What a missing key means here. With `IfExists` the values, and so their variables, are not looked at (DOC: IAM
    /// User Guide, "Policy variables", which names it as the way round variables without a value).
    fn when_missing(&self, operator: Operator, context: &Context, effect: Option<Effect>) -> Answer {
        let met = Answer::from(met_when_missing(operator));
        if operator.if_exists { met } else { Answer::all([met, self.variables_have_values(context, effect)]) }
    }

    /// Whether no variable lacks its value, which keeps an Allow from applying and not a Deny: see [`crate::template`].
    fn variables_have_values(&self, context: &Context, effect: Option<Effect>) -> Answer {
        if effect == Some(Effect::Deny) {
            return Answer::Yes;
        }
        Answer::all(self.values.iter().map(|v| v.lacks_value(context).turned(true)))
    }

    fn says_what(&self, other: &Self) -> bool {
        // The same text may be a variable in one version of the language and plain in another.
        let same = |a: &Value, b: &Value| {
            a.text == b.text && matches!(a.test, Test::Variables(_)) == matches!(b.test, Test::Variables(_))
        };
        self.operator_text == other.operator_text
            && self.key == other.key
            && self.values.len() == other.values.len()
            && self.values.iter().zip(&other.values).all(|(a, b)| same(a, b))
    }

    /// Whether what [`Self::met`] says rests on values that could be read: not on an operator IAM does not have, a
    /// value that is none for it, or a variable that has no value here.
    pub(crate) fn is_certain(&self, context: &Context) -> bool {
        let Some(operator) = self.operator else { return false };
        if self.values.iter().all(|v| v.is_decidable(context)) {
            return true;
        }
        let Some(actual) = context.get(&self.key) else { return operator.if_exists };
        let decided = |a: &String| {
            let matching = |v: &Value| v.compare(operator.comparison, a, context).is_yes();
            self.values.iter().any(|v| v.is_decidable(context) && matching(v))
        };
        // One value that matches decides, whatever the others would say.
        match operator.quantifier {
            Some(Quantifier::ForAnyValue) => !operator.negated && actual.iter().any(decided),
            Some(Quantifier::ForAllValues) | None => actual.iter().all(decided),
        }
    }

    /// Whether any policy value matches an actual value, before negation.
    pub(crate) fn matches(&self, comparison: Comparison, actual: &str, context: &Context) -> Answer {
        Answer::any(self.values.iter().map(|v| v.compare(comparison, actual, context)))
    }
}

/// What a missing key means (DOC: IAM User Guide, "Condition operators" and "Multivalued context
/// keys"): `…IfExists` and `ForAllValues` hold, `ForAnyValue` does not, else negated ones hold.
pub(crate) fn met_when_missing(operator: Operator) -> bool {
    operator.if_exists
        || match operator.quantifier {
            Some(Quantifier::ForAllValues) => true,
            Some(Quantifier::ForAnyValue) => false,
            None => operator.negated,
        }
}
