//! Whether a statement's conditions hold.

use serde_json::Value;

use super::operand::matches;
use super::operator::{Base, Operator, Set};
use super::pattern::{Unit, resolved};
use super::{Keys, one_or_many};

/// Whether all conditions of a block hold (IAM User Guide, "Conditions with multiple context keys or values": all
/// operators and keys, any of the values). An operator that IAM does not have holds never, turned round or not.
pub(super) fn holds(block: Option<&Value>, keys: &Keys, variables: bool) -> bool {
    let Some(block) = block else { return true };
    let Some(block) = block.as_object() else { return false };
    block.iter().all(|(name, entries)| {
        let operator = Operator::named(name);
        entries.as_object().zip(operator).is_some_and(|(entries, operator)| {
            entries.iter().all(|(key, values)| one(operator, key, &one_or_many(Some(values)), keys, variables))
        })
    })
}

fn one(operator: Operator, key: &str, wanted: &[String], keys: &Keys, variables: bool) -> bool {
    let actual = keys.get(&key.to_ascii_lowercase()).filter(|values| !values.is_empty());
    if operator.base == Base::Null {
        return wanted.iter().any(|w| w.eq_ignore_ascii_case("true") == actual.is_none());
    }
    // "If the key is not present, evaluate the condition element as true" (IAM User Guide, "…IfExists condition
    // operators"): that holds for set operators as well, and before anything is said of variables, for which the
    // guide advises `…IfExists`.
    if operator.if_exists && actual.is_none() {
        return true;
    }
    let wild = matches!(operator.base, Base::Text { wild: true, .. } | Base::Arn);
    let values: Option<Vec<Vec<Unit>>> =
        wanted.iter().map(|w| resolved(w, wild, variables && operator.takes_variables(), keys)).collect();
    // A variable without a value makes the statement invalid (IAM User Guide, "Policy elements: Variables and
    // tags"): it does not apply, even when the comparison is turned round.
    let Some(values) = values else { return false };
    let Some(actual) = actual else {
        return match operator.set {
            Some(Set::All) => true,
            Some(Set::Any) => false,
            None => operator.negated,
        };
    };
    let hit = |value: &String| {
        let answers: Vec<Option<bool>> =
            values.iter().map(|wanted| matches(operator.base, wanted.clone(), value)).collect();
        match (answers.contains(&Some(true)), answers.contains(&None)) {
            (true, _) => !operator.negated,
            (false, false) => operator.negated,
            (false, true) => false,
        }
    };
    // A key with several values wants a set operator; without one, AWS does not document the answer.
    let all = operator.set.map_or(operator.negated, |set| set == Set::All);
    if all { actual.iter().all(hit) } else { actual.iter().any(hit) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn said(operator: &str, key: &str, values: &Value) -> bool {
        let one = |name: &str, value: &[&str]| (name.to_owned(), value.iter().map(|&v| v.to_owned()).collect());
        let keys = Keys::from([
            one("i.example:sub", &["a:b"]),
            one("i.example:aud", &["x"]),
            one("i.example:amr", &["p", "q"]),
            one("i.example:empty", &[]),
            one("aws:currenttime", &["2026-07-01T12:00:00Z"]),
            one("aws:epochtime", &["1782907200"]),
            one("aws:sourceip", &["203.0.113.7"]),
            one("aws:securetransport", &["true"]),
            one("aws:principalarn", &["arn:aws:iam::111122223333:role/a/b"]),
            one("lab:bytes", &["hello"]),
        ]);
        holds(Some(&json!({operator: {key: values}})), &keys, true)
    }

    #[track_caller]
    fn table(rows: &[(&str, &str, Value, bool)]) {
        for (operator, key, values, yes) in rows {
            assert_eq!(said(operator, key, values), *yes, "{operator} {key} {values}");
        }
    }

    /// IAM User Guide, "Condition operators".
    #[test]
    fn texts_numbers_times_and_addresses_are_compared_as_documented() {
        table(&[
            ("StringEquals", "I.Example:Sub", json!("a:b"), true),
            ("StringEquals", "i.example:sub", json!("a:*"), false),
            ("StringEqualsIgnoreCase", "i.example:sub", json!("A:B"), true),
            ("StringNotEqualsIgnoreCase", "i.example:sub", json!("A:B"), false),
            ("StringLike", "i.example:sub", json!(["z", "a:*"]), true),
            ("StringNotLike", "i.example:sub", json!(["q*", "a:*"]), false),
            ("StringLike", "i.example:sub", json!("a:${*}"), false),
            ("NumericLessThan", "aws:EpochTime", json!(1_782_907_201), true),
            ("NumericNotEquals", "aws:EpochTime", json!("1782907200.0"), false),
            ("DateLessThan", "aws:CurrentTime", json!("2026-07-02"), true),
            ("DateGreaterThan", "aws:CurrentTime", json!("2026-07-01T14:00:00+01:00"), false),
            ("DateGreaterThanEquals", "aws:EpochTime", json!("2026-07-01T12:00:00Z"), true),
            ("DateNotEquals", "aws:CurrentTime", json!("1782907200"), false),
            ("DateLessThan", "aws:CurrentTime", json!("2027"), true),
            ("DateLessThan", "aws:CurrentTime", json!("9999-12-31T23:59:59Z"), true),
            ("DateLessThan", "aws:CurrentTime", json!("9999-12-31"), true),
            ("DateGreaterThan", "aws:CurrentTime", json!("9999-12-31T23:59:59Z"), false),
            ("DateLessThan", "aws:CurrentTime", json!("9999-13-31T23:59:59Z"), false),
            ("IpAddress", "aws:SourceIp", json!(["198.51.100.0/24", "203.0.113.0/29"]), true),
            ("NotIpAddress", "aws:SourceIp", json!("203.0.113.7"), false),
            ("NotIpAddress", "aws:SourceIp", json!("2001:db8::/32"), true),
            ("IpAddress", "aws:SourceIp", json!("0.0.0.0/0"), true),
            ("Bool", "aws:SecureTransport", json!(true), true),
            ("Bool", "aws:SecureTransport", json!("False"), false),
            ("BinaryEquals", "lab:bytes", json!("aGVsbG8="), true),
            ("ArnLike", "aws:PrincipalArn", json!("arn:aws:iam::*:role/a/*"), true),
            ("ArnEquals", "aws:PrincipalArn", json!("arn:aws:*"), false),
            ("ArnNotEquals", "aws:PrincipalArn", json!("arn:aws:iam::111122223333:role/c"), true),
        ]);
    }

    /// Same page, and "Multivalued context keys".
    #[test]
    fn absent_keys_and_sets_are_as_documented() {
        table(&[
            ("StringEquals", "i.example:none", json!("x"), false),
            ("StringNotEquals", "i.example:none", json!("x"), true),
            ("DateNotEquals", "i.example:none", json!("2026"), true),
            ("NotIpAddress", "i.example:none", json!("10.0.0.0/8"), true),
            ("StringEqualsIfExists", "i.example:none", json!("x"), true),
            ("StringEqualsIfExists", "i.example:aud", json!("y"), false),
            ("Null", "i.example:none", json!("true"), true),
            ("Null", "i.example:sub", json!(true), false),
            ("Null", "i.example:empty", json!("true"), true),
            ("ForAllValues:StringEquals", "i.example:none", json!("x"), true),
            ("ForAnyValue:StringEquals", "i.example:none", json!("x"), false),
            ("ForAnyValue:StringNotEquals", "i.example:none", json!("x"), false),
            ("ForAnyValue:StringEqualsIfExists", "i.example:none", json!("x"), true),
            ("ForAllValues:StringEquals", "i.example:amr", json!("p"), false),
            ("ForAllValues:StringEquals", "i.example:amr", json!(["p", "q", "r"]), true),
            ("ForAnyValue:StringEquals", "i.example:amr", json!("q"), true),
            ("ForAnyValue:StringNotEquals", "i.example:amr", json!("q"), true),
            ("ForAllValues:StringNotEquals", "i.example:amr", json!("q"), false),
        ]);
    }

    /// What cannot be compared holds neither way.
    #[test]
    fn nothing_is_admitted_by_what_cannot_be_read() {
        table(&[
            ("StringNotAlike", "i.example:sub", json!("x"), false),
            ("stringequals", "i.example:sub", json!("a:b"), false),
            ("NullIfExists", "i.example:sub", json!("true"), false),
            ("ForEveryValue:StringEquals", "i.example:sub", json!("a:b"), false),
            ("DateNotEquals", "aws:CurrentTime", json!("soon"), false),
            ("NotIpAddress", "aws:SourceIp", json!("10.0.0.0/40"), false),
            ("NumericNotEquals", "aws:EpochTime", json!("inf"), false),
            ("ArnNotLike", "aws:PrincipalArn", json!("x"), false),
            ("StringNotEquals", "i.example:sub", json!("${aws:username}"), false),
            ("StringNotEquals", "i.example:none", json!("${aws:username}"), false),
            ("StringEquals", "i.example:sub", json!(["a:b", "${aws:username}"]), false),
            ("StringEqualsIfExists", "i.example:none", json!("${aws:username}"), true),
            ("StringEquals", "i.example:sub", json!("${i.example:sub}"), true),
        ]);
    }
}
