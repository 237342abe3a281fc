//! Texts of policies: wildcards and variables.

use super::Keys;

/// One place of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// `*`
    Many,
    /// `?`
    One,
    /// This character, whatever it is.
    Plain(char),
}

/// A pattern.
#[derive(Debug, Clone)]
pub(super) struct Pattern(Vec<Unit>);

impl From<Vec<Unit>> for Pattern {
    fn from(units: Vec<Unit>) -> Self {
        Self(units)
    }
}

impl Pattern {
    /// Whether the text as a whole matches.
    pub(super) fn matches(&self, text: &str) -> bool {
        let letters: Vec<char> = text.chars().collect();
        let (mut at, mut seen, mut star) = (0, 0, None);
        while let Some(letter) = letters.get(seen) {
            match self.0.get(at) {
                Some(Unit::Many) => {
                    star = Some((at, seen));
                    at += 1;
                    continue;
                }
                Some(Unit::Plain(other)) if other != letter => {}
                Some(Unit::One | Unit::Plain(_)) => {
                    at += 1;
                    seen += 1;
                    continue;
                }
                None => {}
            }
            // The last `*` takes one letter more.
            let Some((place, from)) = star else { return false };
            star = Some((place, from + 1));
            at = place + 1;
            seen = from + 1;
        }
        self.0.iter().skip(at).all(|unit| *unit == Unit::Many)
    }

    /// The parts between the first `parts - 1` colons; fewer when it has fewer.
    pub(super) fn parts(&self, parts: usize) -> Vec<Self> {
        self.0.splitn(parts, |unit| *unit == Unit::Plain(':')).map(|part| Self(part.to_vec())).collect()
    }

    /// The pattern as text, which it is when it has no wildcard.
    pub(super) fn text(&self) -> String {
        let letter = |unit: &Unit| match unit {
            Unit::Many => '*',
            Unit::One => '?',
            Unit::Plain(c) => *c,
        };
        self.0.iter().map(letter).collect()
    }
}

/// `*` and `?` anywhere.
pub(crate) fn glob(pattern: &str, text: &str) -> bool {
    Pattern(units(pattern, true)).matches(text)
}

fn units(text: &str, wild: bool) -> Vec<Unit> {
    let unit = |c: char| match c {
        '*' if wild => Unit::Many,
        '?' if wild => Unit::One,
        c => Unit::Plain(c),
    };
    text.chars().map(unit).collect()
}

/// A value of a policy with its variables replaced: `${key}`, `${key, 'default'}`, and the escapes `${*}`, `${?}` and
/// `${$}` (IAM User Guide, "Policy elements: Variables and tags"). What a variable stands for has no wildcards.
///
/// Nothing when a variable has neither value nor default, or several values, which the guide rules out: a statement
/// with such a variable is invalid as a whole.
pub(super) fn resolved(text: &str, wild: bool, variables: bool, keys: &Keys) -> Option<Vec<Unit>> {
    let mut all = Vec::new();
    let mut rest = text;
    while variables && let Some((before, after)) = rest.split_once("${") {
        // Without its brace it is plain text.
        let Some((inside, after)) = after.split_once('}') else { break };
        all.extend(units(before, wild));
        let value = match inside {
            "*" | "?" | "$" => inside.to_owned(),
            _ => variable(inside, keys)?,
        };
        all.extend(value.chars().map(Unit::Plain));
        rest = after;
    }
    all.extend(units(rest, wild));
    Some(all)
}

fn variable(inside: &str, keys: &Keys) -> Option<String> {
    let (key, default) = match inside.split_once(',') {
        Some((key, default)) => (key, Some(default.trim().trim_matches('\'').to_owned())),
        None => (inside, None),
    };
    match keys.get(&key.trim().to_ascii_lowercase()).map(Vec::as_slice) {
        Some([one]) => Some(one.clone()),
        Some([]) | None => default,
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_as_iams() {
        for (p, t, yes) in [
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a?c", "ac", false),
            ("ec2:*", "ec2:x", true),
            ("a*b*c", "aXbYbZc", true),
            ("abc", "ab", false),
        ] {
            assert_eq!(glob(p, t), yes, "{p} {t}");
        }
    }

    #[test]
    fn variables_become_plain_text() {
        let keys = Keys::from([
            ("aws:username".to_owned(), vec!["a*".to_owned()]),
            ("aws:tagkeys".to_owned(), vec!["x".to_owned(), "y".to_owned()]),
        ]);
        let matches = |pattern: &str, text: &str| {
            resolved(pattern, true, true, &keys).map(|units| Pattern::from(units).matches(text))
        };
        assert_eq!(matches("${AWS:UserName}/*", "a*/x"), Some(true));
        assert_eq!(matches("${aws:username}", "ab"), Some(false), "a value has no wildcards");
        assert_eq!(matches("${none, 'd'}-${*}", "d-*"), Some(true));
        assert_eq!(matches("${none}", ""), None);
        assert_eq!(matches("${aws:TagKeys}", "x"), None, "several values are no value");
        assert_eq!(matches("${open", "${open"), Some(true));
    }
}
