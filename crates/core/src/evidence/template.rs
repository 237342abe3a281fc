//! A text of which parts are not known, and whether a policy's value admits it whatever they are.

use std::collections::{BTreeSet, VecDeque};
use std::fmt;

use serde::{Deserialize, Serialize};

/// Steps of one comparison. A subject has some hundred letters, so real ones need some thousand; beyond this the
/// answer is that it depends.
const STEPS: usize = 20_000;

/// A letter that no pattern is likely to name: it stands for every one that this one does not.
const OTHER: char = '\u{f8ff}';

/// Which letters an unknown part may consist of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Letters {
    /// Any text, also none.
    Anything,
    /// Any text without `/`, also none: what `*` stands for in GitHub's filters.
    Segment,
    /// Any text of one letter or more.
    Something,
    /// The name of a branch or a tag: what git takes in one (git-check-ref-format).
    Ref,
    /// One letter.
    One,
    /// One digit or more.
    Digits,
    /// Hexadecimal digits and hyphens, one or more.
    Uuid,
}

impl Letters {
    fn admits(self, c: char) -> bool {
        match self {
            Self::Anything | Self::Something | Self::One => true,
            Self::Segment => c != '/',
            Self::Ref => !c.is_whitespace() && !":~^?*[\\".contains(c),
            Self::Digits => c.is_ascii_digit(),
            Self::Uuid => c == '-' || c.is_ascii_hexdigit(),
        }
    }

    fn may_be_empty(self) -> bool {
        matches!(self, Self::Anything | Self::Segment)
    }
}

/// A part of a [`Template`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// Known text.
    Text(String),
    /// An unknown part.
    Unknown {
        /// What would have to be known, in a word or two: `branch`, `repository id`.
        name: String,
        /// What it may consist of.
        of: Letters,
        /// Whether it is the same in every run, as the slug of an organization is, and the branch is not.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        lasting: bool,
    },
}

/// A text of which parts are not known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(transparent)]
pub struct Template {
    parts: Vec<Part>,
    /// Texts that it never is, as templates, whatever its unknown parts are.
    #[serde(skip)]
    never: Vec<Self>,
}

/// Whether a value of a policy admits a text of which parts are not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fit {
    /// Whatever the unknown parts are.
    Admits,
    /// Whatever the unknown parts are, it does not.
    Refuses,
    /// It depends on the parts of these names.
    Depends(Vec<String>),
}

impl Fit {
    /// Of several values, one is enough.
    #[must_use]
    pub fn any(all: impl IntoIterator<Item = Self>) -> Self {
        let mut open = BTreeSet::new();
        for one in all {
            match one {
                Self::Admits => return Self::Admits,
                Self::Refuses => {}
                Self::Depends(names) => open.extend(names),
            }
        }
        if open.is_empty() { Self::Refuses } else { Self::Depends(open.into_iter().collect()) }
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in &self.parts {
            match part {
                Part::Text(text) => f.write_str(text)?,
                Part::Unknown { name, .. } => write!(f, "<{name}>")?,
            }
        }
        Ok(())
    }
}

impl From<&str> for Template {
    fn from(text: &str) -> Self {
        Self::default().text(text)
    }
}

/// A letter, or one of several, once or any number of times.
#[derive(Debug, Clone, Copy)]
struct Item {
    what: What,
    again: bool,
}

#[derive(Debug, Clone, Copy)]
enum What {
    Letter(char),
    Of(Letters),
}

impl What {
    fn admits(self, c: char) -> bool {
        match self {
            Self::Letter(letter) => letter == c,
            Self::Of(letters) => letters.admits(c),
        }
    }

    /// Whether there is a letter that both admit. All sets of letters share the digits.
    fn meets(self, other: Self) -> bool {
        match (self, other) {
            (Self::Letter(c), any) | (any, Self::Letter(c)) => any.admits(c),
            (Self::Of(_), Self::Of(_)) => true,
        }
    }
}

impl Template {
    /// With a known text at its end.
    #[must_use]
    pub fn text(mut self, text: &str) -> Self {
        self.never = self.never.into_iter().map(|n| n.text(text)).collect();
        match self.parts.last_mut() {
            Some(Part::Text(before)) => before.push_str(text),
            _ if text.is_empty() => {}
            _ => self.parts.push(Part::Text(text.to_owned())),
        }
        self
    }

    /// With an unknown part at its end.
    #[must_use]
    pub fn unknown(mut self, name: &str, of: Letters) -> Self {
        // What comes after may be a part of what was excluded.
        self.never.clear();
        self.parts.push(Part::Unknown { name: name.to_owned(), of, lasting: false });
        self
    }

    /// The same followed by an unknown part that no run changes.
    #[must_use]
    pub fn unknown_for_good(mut self, name: &str, of: Letters) -> Self {
        self.never.clear();
        self.parts.push(Part::Unknown { name: name.to_owned(), of, lasting: true });
        self
    }

    /// Never one of these texts, whatever its unknown parts are.
    #[must_use]
    pub fn never(mut self, these: impl IntoIterator<Item = Self>) -> Self {
        self.never.extend(these);
        self
    }

    /// Whether it is known where each of its parts ends, whatever follows: an id ends at what no id holds.
    fn is_bounded(&self) -> bool {
        let ends = |text: &str| text.starts_with(|c: char| !c.is_ascii_alphanumeric() && c != '-');
        self.parts.iter().enumerate().all(|(n, part)| match (part, self.parts.get(n + 1)) {
            (Part::Text(_), _) => true,
            (Part::Unknown { of: Letters::Digits | Letters::Uuid, .. }, Some(Part::Text(next))) => ends(next),
            (Part::Unknown { .. }, _) => false,
        })
    }

    /// With another at its end.
    #[must_use]
    pub fn then(mut self, other: &Self) -> Self {
        let never: Vec<Self> = if self.is_bounded() {
            other.never.iter().map(|n| Self { never: Vec::new(), ..self.clone() }.then(n)).collect()
        } else {
            Vec::new()
        };
        for part in &other.parts {
            self = match part {
                Part::Text(text) => self.text(text),
                Part::Unknown { name, of, lasting: false } => self.unknown(name, *of),
                Part::Unknown { name, of, lasting: true } => self.unknown_for_good(name, *of),
            };
        }
        self.never.extend(never);
        self
    }

    /// The known texts changed, the unknown parts kept.
    #[must_use]
    pub fn with_texts(mut self, change: impl Fn(&str) -> String) -> Self {
        for part in self.parts.iter_mut().chain(self.never.iter_mut().flat_map(|n| &mut n.parts)) {
            if let Part::Text(text) = part {
                *text = change(text);
            }
        }
        self
    }

    /// Its parts, in their order.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The text, when all of it is known.
    pub fn known(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// What would have to be known, each name once.
    pub fn unknowns(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for part in &self.parts {
            if let Part::Unknown { name, .. } = part
                && !names.contains(name)
            {
                names.push(name.clone());
            }
        }
        names
    }

    /// The names of its unknown parts that no run changes, each once.
    pub fn lasting(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for part in &self.parts {
            if let Part::Unknown { name, lasting: true, .. } = part
                && !names.contains(name)
            {
                names.push(name.clone());
            }
        }
        names
    }

    /// Whether it is equal to a value (IAM's `StringEquals`).
    pub fn equals(&self, value: &str) -> Fit {
        self.against(&value.chars().map(|c| Item { what: What::Letter(c), again: false }).collect::<Vec<_>>())
    }

    /// Whether it is like a pattern in which `*` stands for any text and `?` for one letter (IAM's `StringLike`).
    pub fn like(&self, pattern: &str) -> Fit {
        let item = |c| match c {
            '*' => Item { what: What::Of(Letters::Anything), again: true },
            '?' => Item { what: What::Of(Letters::One), again: false },
            letter => Item { what: What::Letter(letter), again: false },
        };
        self.against(&pattern.chars().map(item).collect::<Vec<_>>())
    }

    fn against(&self, pattern: &[Item]) -> Fit {
        let own = self.items();
        if !meet(&own, pattern) {
            return Fit::Refuses;
        }
        let never: Vec<Vec<Item>> = self.never.iter().map(Self::items).collect();
        if !never.is_empty() && within(&own, pattern, &never) {
            return Fit::Refuses;
        }
        if within(&own, pattern, &[]) { Fit::Admits } else { Fit::Depends(self.unknowns()) }
    }

    fn items(&self) -> Vec<Item> {
        let mut items = Vec::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => items.extend(text.chars().map(|c| Item { what: What::Letter(c), again: false })),
                Part::Unknown { of, .. } => {
                    let what = What::Of(*of);
                    if !of.may_be_empty() {
                        items.push(Item { what, again: false });
                    }
                    if *of != Letters::One {
                        items.push(Item { what, again: true });
                    }
                }
            }
        }
        items
    }
}

/// Whether there is a text that both are.
fn meet(own: &[Item], pattern: &[Item]) -> bool {
    let mut seen = BTreeSet::from([(0, 0)]);
    let mut next = VecDeque::from([(0, 0)]);
    while let Some((i, j)) = next.pop_front() {
        if i == own.len() && j == pattern.len() {
            return true;
        }
        let (a, b) = (own.get(i), pattern.get(j));
        let mut steps = Vec::with_capacity(3);
        if a.is_some_and(|item| item.again) {
            steps.push((i + 1, j));
        }
        if b.is_some_and(|item| item.again) {
            steps.push((i, j + 1));
        }
        if let (Some(a), Some(b)) = (a, b)
            && a.what.meets(b.what)
        {
            steps.push((i + usize::from(!a.again), j + usize::from(!b.again)));
        }
        next.extend(steps.into_iter().filter(|step| seen.insert(*step)));
    }
    false
}

/// Whether every text of the first is one of the second; with texts that are out of the question, whether every text
/// of both is one of these. It may say no where the answer takes too long.
fn within(own: &[Item], pattern: &[Item], never: &[Vec<Item>]) -> bool {
    let patterns: Vec<&[Item]> = std::iter::once(pattern).chain(never.iter().map(Vec::as_slice)).collect();
    let letters = alphabet(own.iter().chain(patterns.iter().copied().flatten()));
    let at: Vec<BTreeSet<usize>> = patterns.iter().map(|p| settled(p, [0].into())).collect();
    let mut seen = BTreeSet::from([(0, at.clone())]);
    let mut next = VecDeque::from([(0, at)]);
    while let Some((i, at)) = next.pop_front() {
        if seen.len() > STEPS {
            return false;
        }
        let Some(item) = own.get(i) else {
            let mut ends = at.iter().zip(&patterns).map(|(at, pattern)| at.contains(&pattern.len()));
            let of_pattern = ends.next().unwrap_or_default();
            if if never.is_empty() { of_pattern } else { !of_pattern || ends.any(|ends| ends) } {
                continue;
            }
            return false;
        };
        let mut steps = Vec::new();
        if item.again {
            steps.push((i + 1, at.clone()));
        }
        for c in letters.iter().filter(|c| item.what.admits(**c)) {
            let moved = |(at, pattern): (&BTreeSet<usize>, &&[Item])| {
                let one = |j: &usize| {
                    let there = pattern.get(*j).filter(|there| there.what.admits(*c))?;
                    Some(j + usize::from(!there.again))
                };
                settled(pattern, at.iter().filter_map(one).collect())
            };
            let all: Vec<BTreeSet<usize>> = at.iter().zip(&patterns).map(moved).collect();
            // What is no text of the pattern any more asks for nothing of the others.
            if never.is_empty() || all.first().is_some_and(|at| !at.is_empty()) {
                steps.push((i + usize::from(!item.again), all));
            }
        }
        next.extend(steps.into_iter().filter(|step| seen.insert(step.clone())));
    }
    true
}

/// Where a pattern may stand, what may be left out left out, and without what its last `*` makes needless.
fn settled(pattern: &[Item], mut at: BTreeSet<usize>) -> BTreeSet<usize> {
    let mut next: Vec<usize> = at.iter().copied().collect();
    while let Some(j) = next.pop() {
        if pattern.get(j).is_some_and(|item| item.again) && at.insert(j + 1) {
            next.push(j + 1);
        }
    }
    let star = at.iter().rev().find(|j| pattern.get(**j).is_some_and(|item| item.again)).copied();
    if let Some(star) = star {
        at.retain(|j| *j >= star);
    }
    at
}

/// One letter of every kind that the two tell apart.
fn alphabet<'i>(of: impl Iterator<Item = &'i Item>) -> BTreeSet<char> {
    let named = of.filter_map(|item| match item.what {
        What::Letter(c) => Some(c),
        What::Of(_) => None,
    });
    let mut letters: BTreeSet<char> = named.collect();
    letters.extend(['/', '-', OTHER]);
    letters.extend('0'..='9');
    letters.extend('a'..='f');
    letters.extend('A'..='F');
    letters
}

#[cfg(test)]
mod tests;
