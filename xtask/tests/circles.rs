//! No modules of a crate import each other in a circle, read off the sources themselves.
//!
//! A file is a module, and a path that it writes is an arrow to the module in which the name is defined. What a
//! module only hands on (`pub use`) is followed to where it is defined: a folder's face is no room of its own, so
//! that a child may name its sibling by way of the face. What a parent defines itself, its children may name: they are
//! parts of it, and nobody else can have them without it. Everything else counts, from a parent to its child too.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "helpers of tests fail by panicking, as tests do"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

type Module = Vec<String>;

/// A crate's modules, as far as who names whom tells.
#[derive(Debug, Default)]
struct House {
    /// What each names, by the module that names it: paths whose first word is `crate`, `self`, `super` or a child.
    named: BTreeMap<Module, Vec<Vec<String>>>,
    /// What each hands on: the name here, and the path there.
    handed: BTreeMap<Module, BTreeMap<String, Vec<String>>>,
}

impl House {
    fn read(files: impl IntoIterator<Item = (Module, String)>) -> Self {
        let mut house = Self::default();
        for (module, text) in files {
            let text = product(&text);
            let (mut named, mut handed) = (Vec::new(), BTreeMap::new());
            let mut rest = String::new();
            for (n, piece) in text.split(';').enumerate() {
                let Some((before, tree)) = use_of(piece) else {
                    rest.push_str(if n == 0 { "" } else { ";" });
                    rest.push_str(piece);
                    continue;
                };
                rest.push_str(before);
                let mut paths = Vec::new();
                expand(tree, &[], &mut paths);
                let public = before.trim_end().ends_with("pub") || before.trim_end().ends_with(')');
                for (path, name) in paths {
                    handed.insert(name, path.clone());
                    if !public {
                        named.push(path);
                    }
                }
            }
            named.extend(inline(&rest));
            house.named.insert(module.clone(), named);
            house.handed.insert(module, handed);
        }
        house
    }

    /// Where a path leads that is written in a module: the module that defines the name.
    fn resolve(&self, from: &Module, path: &[String], depth: usize) -> Option<Module> {
        if depth > 16 {
            return None;
        }
        let (mut at, mut words) = match path.first()?.as_str() {
            "crate" => (Module::new(), &path[1..]),
            "self" => (from.clone(), &path[1..]),
            "super" => (from.split_last()?.1.to_vec(), &path[1..]),
            _ if self.is_module(from, &path[0]) => (from.clone(), path),
            first => {
                // A name that was brought in: a module, or what is in one.
                let brought = self.handed[from].get(first)?;
                let whole: Vec<String> = brought.iter().chain(&path[1..]).cloned().collect();
                return if brought.first() == path.first() { None } else { self.resolve(from, &whole, depth + 1) };
            }
        };
        while let Some((word, after)) = words.split_first() {
            if word == "super" {
                at.pop()?;
            } else if word != "self" {
                if !self.is_module(&at, word) {
                    let handed = self.handed.get(&at).and_then(|all| all.get(word));
                    let there = handed.and_then(|path| self.resolve(&at, path, depth + 1));
                    return Some(there.unwrap_or(at));
                }
                at.push(word.clone());
            }
            words = after;
        }
        Some(at)
    }

    fn is_module(&self, at: &Module, word: &str) -> bool {
        let mut child = at.clone();
        child.push(word.to_owned());
        self.named.contains_key(&child)
    }

    fn arrows(&self) -> BTreeMap<&Module, BTreeSet<Module>> {
        let leads = |module: &Module, paths: &[Vec<String>]| {
            let to = paths.iter().filter_map(|p| self.resolve(module, p, 0));
            to.filter(|to| !module.starts_with(to) && self.named.contains_key(to)).collect::<BTreeSet<_>>()
        };
        self.named.iter().map(|(module, paths)| (module, leads(module, paths))).collect()
    }

    /// The circles: modules of which each is reached from each other one, and the arrows between them.
    fn circles(&self) -> Vec<BTreeMap<Module, BTreeSet<Module>>> {
        let arrows = self.arrows();
        let reach: BTreeMap<&Module, BTreeSet<&Module>> = arrows
            .keys()
            .map(|start| {
                let (mut seen, mut next) = (BTreeSet::new(), vec![*start]);
                while let Some(one) = next.pop() {
                    next.extend(arrows[one].iter().filter(|to| seen.insert(*to)));
                }
                (*start, seen)
            })
            .collect();
        let mut out: Vec<BTreeMap<Module, BTreeSet<Module>>> = Vec::new();
        for (module, seen) in reach.iter().filter(|(module, seen)| seen.contains(**module)) {
            if out.iter().any(|circle| circle.contains_key(*module)) {
                continue;
            }
            let within = |m: &Module| m == *module || (seen.contains(m) && reach[m].contains(*module));
            let members = arrows.iter().filter(|(m, _)| within(m));
            out.push(
                members.map(|(m, to)| ((*m).clone(), to.iter().filter(|t| within(t)).cloned().collect())).collect(),
            );
        }
        out
    }
}

/// A file without its tests and comments.
fn product(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod ").next().unwrap();
    let lines =
        text.lines().map(|l| if l.trim_start().starts_with("//") { "" } else { l.split(" // ").next().unwrap() });
    lines.collect::<Vec<_>>().join("\n")
}

/// What stands before a `use`, and its tree; `piece` is what stands between two semicolons.
fn use_of(piece: &str) -> Option<(&str, &str)> {
    let at = piece.match_indices("use ").map(|(at, _)| at).find(|at| {
        let line = piece[..*at].rsplit('\n').next().unwrap().trim_start();
        line.is_empty() || line == "pub " || (line.starts_with("pub(") && line.ends_with(") "))
    })?;
    Some((&piece[..at], &piece[at + 4..]))
}

/// A use tree as paths, each with the name it brings in.
fn expand(tree: &str, before: &[String], out: &mut Vec<(Vec<String>, String)>) {
    let tree = tree.trim();
    if let Some((head, inner)) = tree.split_once('{').filter(|(head, _)| !head.contains(',')) {
        let mut path = before.to_vec();
        path.extend(head.split("::").map(str::trim).filter(|w| !w.is_empty()).map(str::to_owned));
        let inner = inner.trim_end().strip_suffix('}').unwrap_or(inner);
        let (mut depth, mut start) = (0, 0);
        for (at, c) in inner.char_indices() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    expand(&inner[start..at], &path, out);
                    start = at + 1;
                }
                _ => {}
            }
        }
        expand(&inner[start..], &path, out);
        return;
    }
    if tree.is_empty() {
        return;
    }
    let (path, alias) = tree.split_once(" as ").unwrap_or((tree, ""));
    let mut words = before.to_vec();
    words.extend(path.split("::").map(|w| w.trim().to_owned()).filter(|w| w != "*"));
    let last = words.iter().rfind(|w| *w != "self").cloned().unwrap_or_default();
    out.push((words, if alias.is_empty() { last } else { alias.trim().to_owned() }));
}

/// Paths of two words and more that stand outside a `use`.
fn inline(text: &str) -> Vec<Vec<String>> {
    let mut out = Vec::new();
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    for (at, _) in text.match_indices("::") {
        let head = text[..at].rsplit(|c: char| !is_word(c)).next().unwrap();
        let before = &text[..at - head.len()];
        // The path's first word alone begins one.
        if head.is_empty() || before.ends_with("::") || before.ends_with('$') {
            continue;
        }
        let tail = text[at..].split(|c: char| !is_word(c) && c != ':').next().unwrap();
        let words = tail.split("::").filter(|w| !w.is_empty()).map(|w| w.trim_matches(':').to_owned());
        out.push(std::iter::once(head.to_owned()).chain(words).collect());
    }
    out
}

fn files(dir: &Path, module: &Module, out: &mut Vec<(Module, String)>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path: PathBuf = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let mut own = module.clone();
        if path.is_dir() {
            own.push(stem);
            files(&path, &own, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            if !matches!(stem.as_str(), "mod" | "lib" | "main") {
                own.push(stem);
            }
            out.push((own, std::fs::read_to_string(&path).unwrap()));
        }
    }
}

fn house(folder: &str) -> House {
    let mut all = Vec::new();
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder).join("src"), &Module::new(), &mut all);
    House::read(all)
}

const CRATES: [&str; 24] = [
    "crates/foreign",
    "crates/core",
    "crates/render",
    "crates/trust-policy",
    "crates/x509",
    "crates/token",
    "crates/symptoms",
    "crates/logs",
    "crates/ci",
    "crates/audit",
    "crates/collect",
    "crates/apply",
    "crates/cli",
    "crates/testkit",
    "crates/lab",
    "crates/lab/aws",
    "crates/lab/cluster",
    "crates/lab/node",
    "crates/lab/issuer",
    "crates/lab/keep",
    "crates/lab/serve",
    "fuzz",
    "xtask",
    "bench",
];

#[test]
fn no_modules_import_each_other_in_a_circle() {
    let mut found = Vec::new();
    for folder in CRATES {
        for circle in house(folder).circles() {
            let name = |m: &Module| if m.is_empty() { "(root)".to_owned() } else { m.join("::") };
            found.push(format!("{folder}: {} modules", circle.len()));
            for (module, to) in &circle {
                found.push(format!("  {} -> {}", name(module), to.iter().map(name).collect::<Vec<_>>().join(", ")));
            }
        }
    }
    assert!(found.is_empty(), "circles:\n{}", found.join("\n"));
}

#[test]
fn a_circle_is_seen_through_faces_groups_and_paths_in_the_code() {
    let read = |files: &[(&str, &str)]| {
        let module = |name: &str| name.split("::").filter(|w| !w.is_empty()).map(str::to_owned).collect();
        House::read(files.iter().map(|(name, text)| (module(name), (*text).to_owned()))).circles().len()
    };
    let face = ("a", "mod one;\nmod two;\npub use one::One;\npub(super) use two::Two;\n");
    // Each names the other by way of the face.
    assert_eq!(
        read(&[("", "mod a;"), face, ("a::one", "use super::Two;"), ("a::two", "use crate::a::{self, One};")]),
        1
    );
    // The face hands on, and is named for it: no circle.
    assert_eq!(read(&[("", "mod a;"), face, ("a::one", "use super::Two;"), ("a::two", "pub struct Two;")]), 0);
    // A path in the code counts as one that is brought in, in a test or a comment it does not.
    let own = |text| read(&[("", "mod x;\nmod y;"), ("x", "fn f() { crate::y::g(); }"), ("y", text)]);
    assert_eq!(own("use crate::x;\nfn g() { x::f(); }"), 1);
    assert_eq!(own("fn g() { super::x::f(); }"), 1);
    assert_eq!(own("// crate::x\nfn g() {}\n#[cfg(test)]\nmod tests {\n use crate::x::f;\n}"), 0);
    // A child is a part of its parent; but whom it names, the parent names with it.
    let parent = ("p", "mod c;\npub struct P;\nfn f() { c::g(); }");
    assert_eq!(read(&[("", "mod p;"), parent, ("p::c", "use super::P;")]), 0);
    let (child, other) = (("p::c", "use crate::o::O;"), ("o", "use crate::p::P;"));
    assert_eq!(read(&[("", "mod p;\nmod o;"), parent, child, other]), 1);
    // Three in a ring are one.
    let ring = [
        ("", "mod a;\nmod b;\nmod c;"),
        ("a", "use crate::b::B;"),
        ("b", "use crate::c::C;"),
        ("c", "use crate::a::A;"),
    ];
    assert_eq!(read(&ring), 1);
}
