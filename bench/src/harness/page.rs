//! The page that a run writes, in Markdown.

use std::fmt::Write as _;

use super::spread::digits;
use super::{Measured, Spread, cpu, wall};

/// What a ratio is held to.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Held {
    /// No more than this.
    AtMost(f64),
    /// No less than this.
    AtLeast(f64),
}

#[derive(Debug)]
struct Goal {
    name: String,
    held: Held,
    got: Spread,
}

impl Goal {
    fn met(&self) -> bool {
        match self.held {
            Held::AtMost(most) => self.got.median <= most,
            Held::AtLeast(least) => self.got.median >= least,
        }
    }
}

/// One goal's part of the page.
#[derive(Debug, Default)]
pub(crate) struct Section {
    title: String,
    tables: String,
    goals: Vec<Goal>,
    agreed: Vec<String>,
    left_out: Vec<String>,
    notes: Vec<String>,
}

impl Section {
    /// An empty part.
    pub(crate) fn new(title: &str) -> Self {
        Self { title: title.to_owned(), ..Self::default() }
    }

    /// A result that trustwalk and a peer share; the caller has compared them.
    pub(crate) fn agreed(&mut self, text: impl Into<String>) {
        self.agreed.push(text.into());
    }

    /// A peer that is not there.
    pub(crate) fn left_out(&mut self, text: impl Into<String>) {
        self.left_out.push(text.into());
    }

    /// A remark.
    pub(crate) fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    /// Wall and CPU of every competitor, and their CPU over the reference's in the same round.
    pub(crate) fn table(&mut self, heading: &str, unit: (&str, f64), measured: &Measured, reference: &str) {
        let (name, scale) = unit;
        let _ = writeln!(
            self.tables,
            "\n{heading}\n\n| | CPU, {name} | wall, {name} | CPU / {reference} |\n|---|---|---|---|"
        );
        for row in measured.names() {
            let _ = writeln!(
                self.tables,
                "| {row} | {} | {} | {} |",
                measured.spread(row, cpu).show(scale),
                measured.spread(row, wall).show(scale),
                measured.ratio(row, reference, cpu).show(1.0)
            );
        }
    }

    /// Holds a ratio to a goal.
    pub(crate) fn hold(&mut self, name: impl Into<String>, held: Held, got: Spread) {
        self.goals.push(Goal { name: name.into(), held, got });
    }

    /// Says the part in a terminal's words.
    pub(crate) fn say(&self) -> String {
        let mut out = format!("{}\n", self.title);
        for line in &self.agreed {
            let _ = writeln!(out, "  agrees: {line}");
        }
        for line in &self.left_out {
            let _ = writeln!(out, "  left out: {line}");
        }
        for goal in &self.goals {
            let word = if goal.met() { "met" } else { "NOT met" };
            let _ = writeln!(out, "  {word}: {}, {}, {}", goal.name, wanted(goal.held), goal.got.show(1.0));
        }
        out
    }

    /// What its title begins with, and the name of each of its goals.
    fn letter(&self) -> &str {
        self.title.split('.').next().unwrap_or_default()
    }

    /// Its rows in the table of goals.
    fn rows(&self) -> String {
        let mut out = String::new();
        for goal in &self.goals {
            let met = if goal.met() { "yes" } else { "**no**" };
            let _ = writeln!(out, "| {} | {} | {} | {met} |", goal.name, wanted(goal.held), goal.got.show(1.0));
        }
        out
    }

    fn write(&self, out: &mut String) {
        let _ = writeln!(out, "\n## {}", self.title);
        out.push_str(&self.tables);
        let mut list = |heading: &str, lines: &[String]| {
            if !lines.is_empty() {
                let _ = writeln!(out, "\n{heading}\n");
                for line in lines {
                    let _ = writeln!(out, "- {line}");
                }
            }
        };
        list("Compared in the same run, and equal:", &self.agreed);
        list("Left out:", &self.left_out);
        list("Notes:", &self.notes);
    }
}

fn wanted(held: Held) -> String {
    match held {
        Held::AtMost(most) => format!("at most {}", digits(most)),
        Held::AtLeast(least) => format!("at least {}", digits(least)),
    }
}

const INTRODUCTION: &str = "# Benchmarks

Written by `cargo xtask bench`, which also installs the peers. Every figure is `median (min\u{2013}max)` over
rounds in which all competitors took turns in changing order; a ratio is taken within a round. CPU time
is user and system together. A goal is held to a ratio, never to a time: the machine changes, and is
not always idle. Goals that say \"wall\" or \"two threads\" need an idle one: see the load below. `cargo xtask bench \
--quick` times nothing and checks only that results agree.
";

/// The whole page.
pub(crate) fn write_page(machine: &[String], sections: &[Section]) -> String {
    let mut out = INTRODUCTION.to_owned();
    out.push_str("\n## Machine\n\n");
    for fact in machine {
        let _ = writeln!(out, "- {fact}");
    }
    out.push_str("\n## Goals\n\n| goal | held to | measured | met |\n|---|---|---|---|\n");
    sections.iter().for_each(|s| out.push_str(&s.rows()));
    for section in sections {
        section.write(&mut out);
    }
    out
}

/// A page with these parts renewed, each in the place of the old one, or at the end.
pub(crate) fn renew(old: &str, sections: &[Section]) -> String {
    let mut parts: Vec<String> = old.split("\n## ").map(str::to_owned).collect();
    for section in sections {
        let of = |row: &str| {
            let rest = row.strip_prefix("| ").and_then(|r| r.strip_prefix(section.letter()));
            rest.is_some_and(|r| r.starts_with([':', ' ', ',']))
        };
        if let Some(goals) = parts.iter_mut().find(|p| p.starts_with("Goals\n")) {
            let lines: Vec<&str> = goals.lines().collect();
            let end = lines.iter().rposition(|l| l.starts_with('|')).map_or(lines.len(), |at| at + 1);
            let place = lines.iter().position(|l| of(l)).unwrap_or(end);
            let kept = |lines: &[&str]| lines.iter().filter(|l| !of(l)).fold(String::new(), |out, l| out + l + "\n");
            let (before, after) = lines.split_at_checked(place).unwrap_or_default();
            *goals = [kept(before), section.rows(), kept(after)].concat();
        }
        let mut written = String::new();
        section.write(&mut written);
        let written = written.strip_prefix("\n## ").unwrap_or(&written).to_owned();
        let title = [section.title.as_str(), "\n"].concat();
        match parts.iter_mut().find(|p| p.starts_with(&title)) {
            Some(part) => *part = written,
            None => parts.push(written),
        }
    }
    let page = parts.join("\n## ");
    [page.trim_end(), "\n"].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_renewed_in_its_place_and_a_new_one_comes_last() {
        let spread = || Spread::of([1.0]);
        let mut one = Section::new("A. One");
        one.hold("A: x", Held::AtMost(2.0), spread());
        let mut two = Section::new("B. Two");
        two.hold("B, y", Held::AtMost(0.5), spread());
        let page = write_page(&["m".to_owned()], &[one, two]);
        let mut one = Section::new("A. One");
        one.hold("A: z", Held::AtMost(2.0), spread());
        one.note("again");
        let mut three = Section::new("C. Three");
        three.hold("C: w", Held::AtMost(2.0), spread());
        let page = renew(&page, &[one, three]);
        assert!(!page.contains("A: x") && page.contains("- again\n"), "{page}");
        let at = |text: &str| page.find(text).unwrap_or(usize::MAX);
        assert!(at("A: z") < at("B, y") && at("B, y") < at("C: w") && at("C: w") < at("## A. One"), "{page}");
        assert!(at("## A. One") < at("## B. Two") && at("## B. Two") < at("## C. Three"), "{page}");
    }
}
