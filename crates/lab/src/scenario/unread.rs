//! What a reader of YAML refuses, in words: which member, what stands there, what was expected.

use serde_saphyr::Error;

use super::wrong::{WrongScenario, offer};

/// Characters shown of what stands in the file.
const SHOWN: usize = 40;

/// The form that a member has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    List,
    Members,
    Text,
    Truth,
    Number,
}

impl Form {
    const fn is(self) -> &'static str {
        match self {
            Self::List => "a list",
            Self::Members => "a group of members",
            Self::Text => "a text",
            Self::Truth => "`true` or `false`",
            Self::Number => "a whole number",
        }
    }

    const fn todo(self) -> &'static str {
        match self {
            Self::List => "write each item on a line of its own behind `- `, or all of them as `[ONE, TWO]`",
            Self::Members => {
                "write each member on a line of its own as `NAME: VALUE`, or all of them as `{NAME: VALUE}`"
            }
            Self::Text => "write it in quotes",
            Self::Truth => "write one of them, without quotes",
            Self::Number => "write digits, without quotes",
        }
    }

    /// The form that an error expects, where it expects one.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the reader has some sixty errors, and will have more")]
    fn expected(error: &Error) -> Option<Self> {
        Some(match error {
            Error::Unexpected { expected, .. } => match *expected {
                "sequence start" => Self::List,
                "mapping start" => Self::Members,
                "string scalar" | "str expected" | "scalar" => Self::Text,
                _ => return None,
            },
            Error::NullIntoString { .. } | Error::TaggedScalarCannotDeserializeIntoString { .. } => Self::Text,
            Error::InvalidBooleanStrict { .. } => Self::Truth,
            Error::InvalidScalar { ty, .. } => match *ty {
                "bool" | "boolean" => Self::Truth,
                ty if ty.starts_with(['i', 'u']) => Self::Number,
                _ => return None,
            },
            _ => return None,
        })
    }
}

/// What is wrong with a file that cannot be read as what it is to be.
#[expect(clippy::wildcard_enum_match_arm, reason = "the reader has some sixty errors, and will have more")]
pub(crate) fn unread(error: &Error, text: &str) -> WrongScenario {
    let error = error.without_snippet();
    let place = error.location().map_or((0, 0), |location| (location.line(), location.column()));
    let line = place.0;
    if let Some(form) = Form::expected(error) {
        let there = there(text, place);
        let stands = match (form, there.as_str()) {
            (_, "") => "nothing stands there".to_owned(),
            (Form::List, words) if words.starts_with('{') => "a group of members stands there".to_owned(),
            (Form::Members, words) if words.starts_with(['[', '-']) => "a list stands there".to_owned(),
            (_, words) => format!("`{words}` stands there"),
        };
        let what = member(text, place)
            .map_or_else(|| format!("{} is expected here", form.is()), |name| format!("`{name}` is {}", form.is()));
        return WrongScenario::new(line, format!("{what}, and {stands}")).with(form.todo());
    }
    match error {
        Error::SerdeUnknownField { field, expected, .. } => {
            let what = format!("a member `{field}` is not known here");
            WrongScenario::new(line, what).with(offer(field, expected.iter().copied()))
        }
        Error::SerdeUnknownVariant { variant, expected, .. } => {
            WrongScenario::new(line, format!("`{variant}` is not known here"))
                .with(offer(variant, expected.iter().copied()))
        }
        Error::SerdeMissingField { field, .. } => {
            WrongScenario::new(line, format!("the member `{field}` is missing")).with(format!("write `{field}: VALUE`"))
        }
        Error::DuplicateMappingKey { key, .. } => {
            let name = key.as_ref().map_or_else(|| there(text, place), Clone::clone);
            WrongScenario::new(line, format!("the member `{name}` is there twice")).with("keep one of them")
        }
        Error::SerdeInvalidType { expected, .. } | Error::SerdeInvalidValue { expected, .. } => {
            let there = there(text, place);
            // Of what may have several forms the reader points at the key.
            let (name, value) = match there.split_once(": ") {
                Some((key, value)) if !key.contains(char::is_whitespace) => (Some(key.to_owned()), value),
                _ => (member(text, place), there.as_str()),
            };
            let what = name.map_or_else(|| "this".to_owned(), |name| format!("`{name}`"));
            WrongScenario::new(line, format!("{what} is {expected}, and `{value}` stands there"))
        }
        Error::MultipleDocuments { .. } => {
            WrongScenario::new(line, "another document begins here, and a scenario is one")
                .with("take the line `---` out")
        }
        Error::UnknownAnchor { .. } => WrongScenario::new(line, format!("nothing is called `{}`", there(text, place)))
            .with("write `&NAME` where it stands first, or quotes around a text that begins with `*`"),
        Error::Eof { .. } => WrongScenario::new(line, "the file ends before it is whole"),
        Error::Budget { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => {
            WrongScenario::new(line, "this is deeper or longer than a scenario is").with("write less by `*NAME`")
        }
        Error::QuotingRequired { value, .. } => {
            WrongScenario::new(line, format!("`{value}` may be a text or none")).with("write it in quotes")
        }
        _ => broken(error, text, place),
    }
}

/// A file that is no YAML: of several reasons for that, those that are met most.
fn broken(error: &Error, text: &str, place: (u64, u64)) -> WrongScenario {
    let words = row(text, place.0).trim();
    if row(text, place.0).trim_start_matches(' ').starts_with('\t') {
        return WrongScenario::new(place.0, "a line begins with a tab").with("indent with spaces");
    }
    let what =
        if words.is_empty() { "this is no YAML".to_owned() } else { format!("this is no YAML: `{}`", cut(words)) };
    let said = error.to_string();
    let said = said.lines().next().unwrap_or_default().split(" at line ").next().unwrap_or_default().trim();
    WrongScenario::new(place.0, format!("{what} (the reader says: {said})"))
        .with("look for a bracket or a quotation mark that is open, or an indent that differs, here or above")
}

fn row(text: &str, line: u64) -> &str {
    let at = usize::try_from(line.saturating_sub(1)).unwrap_or(usize::MAX);
    text.lines().nth(at).unwrap_or_default()
}

fn cut(words: &str) -> String {
    if words.chars().count() <= SHOWN {
        return words.to_owned();
    }
    let mut cut: String = words.chars().take(SHOWN).collect();
    cut.push('…');
    cut
}

/// A row before a place and from it on.
fn parted(text: &str, (line, column): (u64, u64)) -> (String, String) {
    let before = usize::try_from(column.saturating_sub(1)).unwrap_or(usize::MAX);
    let row = row(text, line);
    let (mut before, from): (String, String) = (row.chars().take(before).collect(), row.chars().skip(before).collect());
    // Where there is no value, the reader points at the colon after the key.
    if from.trim_end() == ":" {
        before.push(':');
        return (before, String::new());
    }
    (before, from)
}

/// What stands at a place, up to the row's end or what ends it within one.
fn there(text: &str, place: (u64, u64)) -> String {
    let (_, from) = parted(text, place);
    let from = from.split(" #").next().unwrap_or_default().trim();
    let open = from.starts_with(['"', '\'', '[', '{']);
    let end = if open { None } else { from.find(", ").or_else(|| from.find(['}', ']'])) };
    cut(end.and_then(|end| from.get(..end)).unwrap_or(from).trim_end())
}

/// The member whose value stands at a place: the key before it in its row, or the one that ends a row above.
fn member(text: &str, place: (u64, u64)) -> Option<String> {
    let name = |row: &str| {
        let key = row.trim_end().strip_suffix(':')?;
        let key = key.rsplit(['{', ',', '[']).next()?.trim().trim_start_matches("- ").trim();
        let key = key.trim_matches(['"', '\'']);
        (!key.is_empty() && !key.contains(char::is_whitespace)).then(|| key.to_owned())
    };
    let (before, _) = parted(text, place);
    if !before.trim().is_empty() {
        return name(&before);
    }
    let above = usize::try_from(place.0.saturating_sub(1)).unwrap_or(usize::MAX);
    let rows: Vec<&str> = text.lines().take(above).collect();
    let is_comment = |row: &&&str| row.trim().is_empty() || row.trim_start().starts_with('#');
    rows.iter().rev().find(|row| !is_comment(row)).and_then(|row| name(row))
}

#[cfg(test)]
mod tests {
    use super::super::Scenario;

    #[test]
    fn what_cannot_be_read_is_told_in_words() {
        const ID: &str = "accounts:\n- id: '111122223333'\n  alias: main\n";
        let more = |rest: &str| format!("{ID}{rest}");
        let mut all_wrong = Vec::new();
        for (text, says) in [
            (
                "accounts: one\n".to_owned(),
                "line 1: `accounts` is a list, and `one` stands there; write each item on a",
            ),
            (
                "accounts: {id: '1'}\n".to_owned(),
                "line 1: `accounts` is a list, and a group of members stands there; write each item",
            ),
            ("accounts:\n  # none\n  main\n".to_owned(), "line 3: `accounts` is a list, and `main` stands there"),
            ("accounts:\n- one\n".to_owned(), "line 2: a group of members is expected here, and `one` stands there; "),
            ("one\n".to_owned(), "line 1: a group of members is expected here, and `one` stands there"),
            ("- one\n".to_owned(), "line 1: a group of members is expected here, and a list stands there"),
            (
                more("clusters:\n- {name: one, account: main, served: maybe, nodes: 2}\n"),
                "line 5: `served` is `true` or `false`, and `maybe` stands there; write one of them",
            ),
            (
                more("clusters:\n- {name: one, account: main, nodes: many}\n"),
                "line 5: `nodes` is a whole number, and `many` stands there; write digits",
            ),
            (
                more("clusters:\n- name: one\n  account:\n  served: true\n"),
                "line 6: `account` is a text, and nothing stands there; write it in quotes",
            ),
            (
                more("clusters:\n- name: one\n  account: [main]\n"),
                "line 6: `account` is a text, and `[main]` stands there; write it in quotes",
            ),
            (more("  alias: other\n"), "line 4: the member `alias` is there twice; keep one of them"),
            ("accounts:\n- alias: main\n".to_owned(), "the member `id` is missing; write `id: VALUE`"),
            (more("---\nissuers: []\n"), "another document begins here, and a scenario is one; take the line `---`"),
            (more("issuers: *hub\n"), "line 4: nothing is called `*hub`; write `&NAME`"),
            ("accounts:\n\t- id: '1'\n".to_owned(), "line 2: a line begins with a tab; indent with spaces"),
            (more("issuers: [{name: hub\n"), "this is no YAML"),
            (more("  users: [{name: ada, allow: sts}]\n"), "line 4: `allow` is a list, and `sts` stands there"),
            (
                more("  providers: [{issuer: a, thumbprints: none}]\n"),
                "line 4: `thumbprints` is `auto` or a list of thumbprints, and `none` stands there",
            ),
        ] {
            let wrong = Scenario::read(&text, std::path::Path::new(".")).map(drop).unwrap_err().to_string();
            if !wrong.contains(says) {
                all_wrong.push(format!("{text}{wrong}\nand not: {says}"));
            }
        }
        assert!(all_wrong.is_empty(), "{}", all_wrong.join("\n"));
    }
}
