//! Placeholders that a tool fills in before a file is applied: `${NAME}` (envsubst, Flux), `$(NAME)` (kustomize),
//! `{{ name }}` (templates), `<name>`, and words in the place of an account's number.

use crate::text::Text;

/// A text with each placeholder as a symbol.
pub fn with_placeholders(text: &str) -> Text {
    let mut out = Text::default();
    let mut rest = text;
    while let Some((before, name, after)) = first(rest) {
        out.push(before.into());
        out.push(Text::unknown(name));
        rest = after;
    }
    out.push(rest.into());
    account(&out).unwrap_or(out)
}

/// The first placeholder, what stands before it and what after.
fn first(text: &str) -> Option<(&str, &str, &str)> {
    let kinds = [("${", "}"), ("$(", ")"), ("{{", "}}"), ("<", ">")];
    let found = kinds.iter().filter_map(|(open, close)| {
        let (before, rest) = text.split_once(open)?;
        let (name, after) = rest.split_once(close)?;
        let name = name.trim();
        let plain = !name.is_empty() && !name.contains(['\n', '"']);
        // `<` opens a placeholder only before a word: `a<b>c` is one, `<-` is none.
        let letters = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ' ');
        let word = *open != "<" || (name.starts_with(char::is_alphabetic) && name.chars().all(letters));
        (plain && word).then_some((before, name, after))
    });
    found.min_by_key(|(before, ..)| before.len())
}

/// An ARN whose account is a word, as documentation writes it: `arn:aws:iam::ACCOUNT_ID:role/app`.
fn account(text: &Text) -> Option<Text> {
    let known = text.known()?;
    let mut parts = known.splitn(6, ':');
    let (arn, partition, service) = (parts.next()?, parts.next()?, parts.next()?);
    let (region, account, resource) = (parts.next()?, parts.next()?, parts.next()?);
    let word = !account.is_empty() && account != "aws" && account.bytes().all(|b| !b.is_ascii_digit());
    if arn != "arn" || !word {
        return None;
    }
    let mut out = Text::from(format!("arn:{partition}:{service}:{region}:"));
    out.push(Text::unknown(account));
    out.push(format!(":{resource}").into());
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_tool_fills_in_is_not_known() {
        for (text, shown) in [
            ("arn:aws:iam::${ACCOUNT}:role/a", "arn:aws:iam::${ACCOUNT}:role/a"),
            ("a-$(ENV)-b", "a-${ENV}-b"),
            ("{{ .Values.role }}", "${.Values.role}"),
            ("arn:aws:iam::<account-id>:role/<name>", "arn:aws:iam::${account-id}:role/${name}"),
            ("arn:aws:iam::ACCOUNT_ID:role/a", "arn:aws:iam::${ACCOUNT_ID}:role/a"),
        ] {
            let read = with_placeholders(text);
            assert_eq!(read.to_string(), shown);
            assert!(read.known().is_none(), "{text}");
        }
        for known in
            ["arn:aws:iam::111122223333:role/a", "arn:aws:iam::aws:policy/x", "a < b", "$", "${", "a <- b -> c"]
        {
            assert_eq!(with_placeholders(known).known(), Some(known));
        }
    }
}
