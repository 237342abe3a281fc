//! Slips of the pen that say what was meant.

use crate::operator::Operator;

/// How tools mark a name that they are to fill in.
const MARKS: [(&str, &str); 3] = [("${", "}"), ("{{", "}}"), ("<", ">")];

/// The operators of strings, as IAM spells them: those that trust policies use.
const SPELLED: [&str; 6] = [
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
];

/// Whether a value is what a text would be, were its placeholders filled in, each with something.
pub(super) fn is_filled(template: &str, value: &str) -> bool {
    let Some((head, rest)) = placeholder(template) else { return template == value };
    let Some(mut left) = value.strip_prefix(head) else { return false };
    // The rest may begin wherever the placeholder may end.
    while let Some(first) = left.chars().next() {
        left = left.get(first.len_utf8()..).unwrap_or_default();
        if is_filled(rest, left) {
            return true;
        }
    }
    false
}

/// What stands before the first placeholder and after it.
fn placeholder(text: &str) -> Option<(&str, &str)> {
    let of = |(open, close): &(&str, &str)| {
        let (head, rest) = text.split_once(open)?;
        let (_, rest) = rest.split_once(close)?;
        Some((head, rest))
    };
    MARKS.iter().filter_map(of).min_by_key(|(head, _)| head.len())
}

/// The operator that differs from the one written in letter case and punctuation alone.
pub(super) fn spelled(written: &str) -> Option<String> {
    let bare = |text: &str| {
        text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect::<String>()
    };
    let wanted = bare(written);
    ["", "ForAllValues:", "ForAnyValue:"]
        .iter()
        .flat_map(|set| SPELLED.iter().map(move |name| format!("{set}{name}")))
        .flat_map(|name| [name.clone(), format!("{name}IfExists")])
        .find(|name| bare(name) == wanted && Operator::parse(name).is_some())
}

#[cfg(test)]
mod tests {
    use super::{is_filled, spelled};

    #[test]
    fn a_placeholder_stands_for_something_and_the_rest_for_itself() {
        let arn = "arn:aws:iam::111122223333:oidc-provider/o.example/id/A";
        for template in [
            "arn:aws:iam::${ACCOUNT}:oidc-provider/{{ issuer }}",
            "${arn}",
            "arn:aws:iam::<id>:oidc-provider/o.example/id/A",
        ] {
            assert!(is_filled(template, arn), "{template}");
        }
        for template in
            ["arn:aws:iam::${ACCOUNT}:role/x", "${a}arn:aws:iam::111122223333:oidc-provider/o.example/id/A", "x${a}"]
        {
            assert!(!is_filled(template, arn), "{template}");
        }
    }

    #[test]
    fn an_operator_is_put_right_where_letters_are_what_they_should_be() {
        assert_eq!(spelled("ForAllValuesStringEquals").as_deref(), Some("ForAllValues:StringEquals"));
        assert_eq!(spelled("stringlikeIfExists").as_deref(), Some("StringLikeIfExists"));
        assert_eq!(spelled("StringEqual"), None);
    }
}
