//! The language page, `docs/style.md`, held: over every report of every scenario, the causes' pages, the guides and the
//! program's own help.
#![expect(clippy::unwrap_used, clippy::string_slice, reason = "helpers of tests fail by panicking, as tests do")]

use std::path::{Path, PathBuf};

use trustwalk_core::diagnosis::{Diagnosis, diagnose};
use trustwalk_core::evidence::Evidence;
use trustwalk_core::plan::{Entry, Maker, build, document};
use trustwalk_render::{Detail, Pen, Typed, human, next, plan, short};
use trustwalk_testkit::{blank, scenarios};

const MAKER: Maker<'_> = Maker { tool: "1.0.0", server: None, entry: Entry::Asked };

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The first column of the page's table of words that are not used.
fn unused() -> Vec<String> {
    let page = std::fs::read_to_string(root().join("docs/style.md")).unwrap();
    let table = page.split("## Words not used").nth(1).unwrap();
    let firsts = table.lines().filter_map(|l| l.strip_prefix("| ")?.split(" | ").next());
    let words = firsts.flat_map(|cell| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>());
    let words: Vec<String> = words.collect();
    assert!(words.len() > 20, "the table has another form: {words:?}");
    words
}

/// Whether a text has a word, or words, by itself.
fn has(text: &str, word: &str) -> bool {
    let text = text.to_lowercase();
    text.match_indices(word).any(|(at, _)| {
        let edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '-' && c != '_');
        let (before, after) = text.split_at(at);
        edge(before.chars().next_back()) && (word.ends_with('.') || edge(after.chars().nth(word.chars().count())))
    })
}

/// A page without what it quotes: front matter's sentences of others, blocks, code, links.
fn own_words(page: &str) -> Vec<String> {
    let mut fenced = false;
    let mut out = Vec::new();
    for line in page.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced && !line.trim_start().starts_with("- \"") && !line.starts_with("  - ") {
            out.push(line.split('`').step_by(2).collect::<Vec<_>>().join("`"));
        }
    }
    out
}

fn pages() -> Vec<(String, String)> {
    let mut paths = vec![root().join("README.md"), root().join("docs/reference/cli.md")];
    for folder in ["crates/core/causes", "docs/guides"] {
        for entry in std::fs::read_dir(root().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            paths.push(if path.is_dir() { path.join("page.md") } else { path });
        }
    }
    paths.sort();
    paths.into_iter().map(|p| (p.display().to_string(), std::fs::read_to_string(p).unwrap())).collect()
}

#[test]
fn the_words_that_are_not_used_are_not_used() {
    let unused = unused();
    let mut wrong = Vec::new();
    let mut hold = |place: &str, text: &str| {
        for word in unused.iter().filter(|w| has(text, w)) {
            wrong.push(format!("{place}: `{word}` in: {}", text.trim()));
        }
    };
    for (path, page) in pages() {
        for line in own_words(&page) {
            hold(&path, &line);
        }
    }
    for told in told() {
        for text in &told.prose {
            hold(&told.place, text);
        }
    }
    assert!(wrong.is_empty(), "docs/style.md says what to write instead:\n{}", wrong.join("\n"));
}

/// A scenario's reports, and the texts of its diagnosis that are ours.
struct Told {
    place: String,
    reports: Vec<String>,
    prose: Vec<String>,
}

fn told() -> Vec<Told> {
    let mut all: Vec<(String, Evidence)> = scenarios()
        .unwrap()
        .into_iter()
        .map(|(cause, file, scenario)| (format!("{cause}/{file}"), scenario.evidence().unwrap()))
        .collect();
    all.push(("nothing known".to_owned(), blank()));
    all.into_iter()
        .map(|(place, e)| {
            let d = diagnose(&e);
            let next = next(&e, &d, &Typed::default());
            let pen = Pen::new(false);
            let mut reports =
                vec![human(&d, &next, pen, Detail::Brief), human(&d, &next, pen, Detail::Full), short(&d)];
            // Where nothing is named, no plan is shown.
            reports.extend(d.root_cause.iter().map(|_| plan(&document(&e, &build(&e, &d), MAKER), pen)));
            let reports = reports.iter().map(|r| r.as_str().to_owned()).collect();
            Told { place, reports, prose: prose(&d) }
        })
        .collect()
}

/// What we say in a diagnosis, without what others said.
fn prose(d: &Diagnosis) -> Vec<String> {
    let findings = || d.root_cause.iter().chain(&d.also).chain(&d.possible).chain(&d.warnings);
    let mut all: Vec<String> =
        findings().flat_map(|f| [Some(f.sentence.clone()), f.decide.clone()]).flatten().collect();
    all.extend(findings().flat_map(|f| &f.cures).map(|c| c.title.clone()));
    all.extend(findings().flat_map(|f| &f.cures).filter_map(|c| c.by_hand.get("note").cloned()));
    all.extend(d.links.iter().map(|l| l.saw.clone()));
    all.extend(d.links.iter().flat_map(|l| l.missing.clone()));
    all.extend(d.consequences.iter().map(|c| c.sentence.clone()));
    all.extend(d.undetermined.iter().cloned());
    all.extend(d.candidates.iter().flat_map(|c| c.speaks_for.iter().chain(&c.against).cloned()));
    all.extend(d.timeline.iter().map(|c| c.what.clone()));
    // What was seen is quoted, and STS's own words have two blanks.
    for said in d.observations.iter().map(|o| o.text.trim()).filter(|text| !text.is_empty()) {
        let words = said.split_once(": ").map_or(said, |(_, words)| words);
        for text in &mut all {
            *text = text.replace(said, "(quoted)").replace(words, "(quoted)");
        }
    }
    all.into_iter().map(|text| text.split('`').step_by(2).collect::<Vec<_>>().join("`")).collect()
}

/// A number of one with a noun of many.
fn disagrees(text: &str) -> bool {
    let words: Vec<&str> = text.split([' ', '(', ')', ',', ';', ':']).collect();
    words.windows(2).any(|two| {
        let [one, noun] = two else { return false };
        let plural = noun.len() > 2 && noun.ends_with('s') && !noun.ends_with("ss") && !noun.ends_with("us");
        *one == "1" && plural && noun.chars().all(char::is_alphabetic)
    })
}

/// Seconds since 1970 of this age and the next.
fn epoch(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_alphanumeric())
        .any(|word| word.len() == 10 && word.starts_with('1') && word.bytes().all(|b| b.is_ascii_digit()))
}

#[test]
fn what_is_said_is_whole() {
    let mut wrong = Vec::new();
    for told in told() {
        for text in &told.prose {
            let faults = [
                (text.contains("()"), "an empty detail"),
                (text.contains("  "), "two blanks"),
                (text.contains("- -") || text.contains('\u{d7}'), "marks for words"),
                (text.contains("(s)"), "a number that does not agree"),
                (disagrees(text), "one of many"),
                (epoch(text), "seconds since 1970"),
                (text.contains("None") || text.contains("Some(") || text.contains("{}"), "what the compiler says"),
                (text.contains(" ,") || text.contains(" ;") || text.contains(" )") || text.contains("( "), "a blank"),
                (text.ends_with([' ', ',', ';', ':']), "a sentence without its end"),
                (text.contains(",a") || text.contains(";a"), "a missing blank"),
            ];
            wrong
                .extend(faults.iter().filter(|(is, _)| *is).map(|(_, what)| format!("{}: {what}: {text}", told.place)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn lines_are_whole() {
    let mut wrong = Vec::new();
    for told in told() {
        for report in &told.reports {
            assert!(report.ends_with('\n') && !report.ends_with("\n\n"), "{}: {report:?}", told.place);
            for (at, line) in report.lines().enumerate() {
                let starts = line.chars().next().is_none_or(|c| c == ' ' || c == '-' || c.is_uppercase());
                // Lines of `-o short` begin with the verdict's word.
                let starts = starts || at == 0 || line.starts_with("possible ");
                if line.ends_with(' ') || !starts {
                    wrong.push(format!("{}: {line:?}", told.place));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A column that ends with its last character would run into the next one where its value is longer.
#[test]
fn every_column_ends_with_a_blank() {
    let mut wrong = Vec::new();
    let mut folders = vec![root().join("crates/cli/src"), root().join("crates/render/src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let body = text.split("#[cfg(test)]").next().unwrap();
            let joined = |line: &&str| line.match_indices(":<").any(|(at, _)| runs_on(&line[at + 2..]));
            wrong.extend(body.lines().filter(joined).map(|line| format!("{}: {}", path.display(), line.trim())));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whether the rest of a template, from a column's width on, has a value right behind the column.
fn runs_on(rest: &str) -> bool {
    let width = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    width.len() < rest.len() && width.starts_with("}{")
}

#[test]
fn the_tests_find_what_they_look_for() {
    assert!(runs_on("10}{value}") && !runs_on("9} {value}") && !runs_on("width$}  "));
    assert!(has("it may not be", "may not") && !has("it may nothing", "may not") && !has("ascertained", "certain"));
    assert!(has("and so on, etc.", "etc.") && !has("fetch", "etc."));
    assert!(disagrees("in 1 parts") && !disagrees("1 of 2 pods") && !disagrees("1 class") && !disagrees("11 parts"));
    assert!(epoch("at 1731098245 it") && !epoch("111122223333") && !epoch("1234567890ab"));
    assert_eq!(own_words("a `b` c\n```\nd\n```\n- \"e\"\nf"), ["a ` c", "f"]);
}
