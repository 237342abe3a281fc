//! Condition operators: what is compared, how the answer is turned, what a missing key means.

use serde::Serialize;

/// The comparison at the heart of an operator, before negation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Comparison {
    /// Exact, case-sensitive; `*` is an ordinary character.
    StringEquals,
    /// Exact but for letter case.
    StringEqualsIgnoreCase,
    /// With `*` and `?`, case-sensitive.
    StringLike,
    /// Numbers: equal.
    NumericEquals,
    /// Numbers: actual below policy.
    NumericLessThan,
    /// Numbers: actual at most policy.
    NumericLessThanEquals,
    /// Numbers: actual above policy.
    NumericGreaterThan,
    /// Numbers: actual at least policy.
    NumericGreaterThanEquals,
    /// Times: equal.
    DateEquals,
    /// Times: actual before policy.
    DateLessThan,
    /// Times: actual not after policy.
    DateLessThanEquals,
    /// Times: actual after policy.
    DateGreaterThan,
    /// Times: actual not before policy.
    DateGreaterThanEquals,
    /// `true` or `false`.
    Bool,
    /// Bytes, both sides written in base64.
    BinaryEquals,
    /// Address within a CIDR block.
    IpAddress,
    /// ARN, part by part, with wildcards. `ArnEquals` and `ArnLike` behave alike (DOC: IAM User
    /// Guide, "Condition operators").
    Arn,
    /// Whether the key is absent.
    Null,
}

/// `ForAllValues:` and `ForAnyValue:`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Quantifier {
    /// Every value of the request must satisfy the operator; no value satisfies it too.
    ForAllValues,
    /// At least one value of the request must satisfy the operator.
    ForAnyValue,
}

/// A condition operator, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub struct Operator {
    /// The comparison.
    pub comparison: Comparison,
    /// Whether the comparison is turned round (`…Not…`).
    pub negated: bool,
    /// Whether a missing key satisfies it (`…IfExists`).
    pub if_exists: bool,
    /// Set operator before the colon.
    pub quantifier: Option<Quantifier>,
}

impl Operator {
    /// Reads an operator's name; nothing if IAM has none of that name.
    ///
    /// `NullIfExists` does not exist (DOC: IAM User Guide, "Condition operators").
    pub fn parse(text: &str) -> Option<Self> {
        let (quantifier, rest) = match text.split_once(':') {
            Some(("ForAllValues", rest)) => (Some(Quantifier::ForAllValues), rest),
            Some(("ForAnyValue", rest)) => (Some(Quantifier::ForAnyValue), rest),
            Some(_) => return None,
            None => (None, text),
        };
        let (name, if_exists) = rest.strip_suffix("IfExists").map_or((rest, false), |name| (name, true));
        let (comparison, negated) = comparison(name)?;
        if comparison == Comparison::Null && (if_exists || quantifier.is_some()) {
            return None;
        }
        Some(Self { comparison, negated, if_exists, quantifier })
    }

    /// Whether policy variables are replaced in its values (DOC: IAM User Guide, "Policy
    /// variables": string and ARN operators).
    pub fn takes_variables(self) -> bool {
        matches!(
            self.comparison,
            Comparison::StringEquals | Comparison::StringEqualsIgnoreCase | Comparison::StringLike | Comparison::Arn
        )
    }
}

fn comparison(name: &str) -> Option<(Comparison, bool)> {
    use Comparison as C;
    Some(match name {
        "StringEquals" => (C::StringEquals, false),
        "StringNotEquals" => (C::StringEquals, true),
        "StringEqualsIgnoreCase" => (C::StringEqualsIgnoreCase, false),
        "StringNotEqualsIgnoreCase" => (C::StringEqualsIgnoreCase, true),
        "StringLike" => (C::StringLike, false),
        "StringNotLike" => (C::StringLike, true),
        "NumericEquals" => (C::NumericEquals, false),
        "NumericNotEquals" => (C::NumericEquals, true),
        "NumericLessThan" => (C::NumericLessThan, false),
        "NumericLessThanEquals" => (C::NumericLessThanEquals, false),
        "NumericGreaterThan" => (C::NumericGreaterThan, false),
        "NumericGreaterThanEquals" => (C::NumericGreaterThanEquals, false),
        "DateEquals" => (C::DateEquals, false),
        "DateNotEquals" => (C::DateEquals, true),
        "DateLessThan" => (C::DateLessThan, false),
        "DateLessThanEquals" => (C::DateLessThanEquals, false),
        "DateGreaterThan" => (C::DateGreaterThan, false),
        "DateGreaterThanEquals" => (C::DateGreaterThanEquals, false),
        "Bool" => (C::Bool, false),
        "BinaryEquals" => (C::BinaryEquals, false),
        "IpAddress" => (C::IpAddress, false),
        "NotIpAddress" => (C::IpAddress, true),
        "ArnEquals" | "ArnLike" => (C::Arn, false),
        "ArnNotEquals" | "ArnNotLike" => (C::Arn, true),
        "Null" => (C::Null, false),
        _ => return None,
    })
}
