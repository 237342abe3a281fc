//! What is wrong with a scenario: what, where, why, what to do.

use std::fmt;

/// Names offered in place of one that there is not.
const OFFERED: usize = 3;

/// A scenario that cannot be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrongScenario {
    /// Line of the file, from 1; nothing where the whole file is meant.
    pub line: Option<u64>,
    /// What is wrong, and why.
    pub what: String,
    /// What to do; nothing where that is plain.
    pub todo: Option<String>,
}

impl WrongScenario {
    pub(crate) fn new(line: u64, what: impl Into<String>) -> Self {
        Self { line: Some(line).filter(|line| *line > 0), what: what.into(), todo: None }
    }

    pub(crate) fn with(self, todo: impl Into<String>) -> Self {
        Self { todo: Some(todo.into()), ..self }
    }

    /// A name that there is not among these.
    pub(crate) fn unknown<'a>(line: u64, what: &str, typed: &str, there: impl IntoIterator<Item = &'a str>) -> Self {
        Self::new(line, format!("there is no {what} `{typed}`")).with(offer(typed, there))
    }
}

/// Which of these was meant, or all there are.
pub(super) fn offer<'a>(typed: &str, there: impl IntoIterator<Item = &'a str>) -> String {
    let mut all: Vec<(usize, &str)> =
        there.into_iter().map(|name| (strsim::damerau_levenshtein(name, typed), name)).collect();
    all.sort_unstable();
    let quoted = |names: &[(usize, &str)]| {
        names.iter().take(OFFERED).map(|(_, name)| format!("`{name}`")).collect::<Vec<_>>().join(", ")
    };
    let near: Vec<_> = all.iter().copied().filter(|(far, name)| *far <= name.len().max(typed.len()) / 3).collect();
    match (near.as_slice(), all.len()) {
        ([], 0) => "there is none in the file".to_owned(),
        ([], many) if many > OFFERED => format!("there is {}, and {} more", quoted(&all), many - OFFERED),
        ([], _) => format!("there is {}", quoted(&all)),
        (near, _) => format!("write {}", quoted(near)),
    }
}

impl fmt::Display for WrongScenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        f.write_str(&self.what)?;
        self.todo.as_ref().map_or(Ok(()), |todo| write!(f, "; {todo}"))
    }
}

impl std::error::Error for WrongScenario {}
