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
    for goal in sections.iter().flat_map(|s| &s.goals) {
        let met = if goal.met() { "yes" } else { "**no**" };
        let _ = writeln!(out, "| {} | {} | {} | {met} |", goal.name, wanted(goal.held), goal.got.show(1.0));
    }
    for section in sections {
        section.write(&mut out);
    }
    out
}
