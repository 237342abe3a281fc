//! YAML, and JSON as the part of it that it is, into trees that keep places.
//!
//! A local tag (`!Ref`, `!Sub`) becomes the function that it is short for, as CloudFormation's own reader has it
//! (CloudFormation User Guide, "Intrinsic function reference"). Scalars are read by the core schema of YAML 1.2.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use granit_parser::{ErrorKind, Event, Marker, Options, Parser, ScalarStyle, Span, Tag};

use crate::declared::Unread;
use crate::limits::{ALIASED, DEPTH, FAULTS, VALUES};
use crate::node::{Node, Value};
use crate::place::{Place, Said};
use crate::plain::{Plain, is_in, is_other};
use crate::text::Text;

/// The documents of a text, and what of it could not be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Documents {
    /// Those that were read, in their order.
    pub all: Vec<Node>,
    /// What was not, each with its place.
    pub unread: Vec<Unread>,
    /// Keys that stand a second time in their object: the last is what was read.
    pub twice: Vec<Place>,
    /// Line and column of each plain scalar that is a text by YAML 1.2, and a truth value or a number for kubectl.
    pub(crate) plain: Plain,
}

/// Reads the documents of a text. One that is broken does not hide those after it.
pub fn read_yaml(path: &Arc<str>, text: &str) -> Documents {
    let mut options = Options::default();
    options.set_emit_comments(false);
    // Minified JSON has whole documents on one line.
    options.simple_key_max_lookahead = 1 << 20;
    options.flow_nesting_limit = DEPTH;
    options.block_nesting_limit = DEPTH;
    let mut parser = Parser::new_from_str_with_options(text.strip_prefix('\u{feff}').unwrap_or(text), options);
    let mut out = Documents::default();
    let mut tree = Tree::new(path);
    loop {
        match parser.next_event() {
            None => break,
            Some(Ok((event, span))) => match tree.take(&event, span) {
                Ok(Some(node)) => out.all.push(node),
                Ok(None) => {}
                Err(why) => {
                    let at = place(path, span.start, span.end);
                    out.unread.push(Unread { at, why });
                    break;
                }
            },
            Some(Err(error)) => {
                let at = place(path, *error.marker(), *error.marker());
                let deep = matches!(error.kind(), ErrorKind::RecursionLimitExceeded);
                let why = if deep { too_deep() } else { "it is not YAML that can be read from here on".to_owned() };
                out.unread.push(Unread { at, why });
                tree.stack.clear();
                if out.unread.len() >= FAULTS || !matches!(parser.proceed_next_document(), Ok(true)) {
                    break;
                }
            }
        }
    }
    out.twice = tree.twice;
    out.plain = tree.plain;
    out
}

fn too_deep() -> String {
    format!("its values are nested more than {DEPTH} deep, and the rest was not read")
}

fn place(path: &Arc<str>, start: Marker, end: Marker) -> Place {
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let (line, column) = (number(start.line().max(1)), number(start.col().saturating_add(1)));
    let (end_line, end_column) = (number(end.line().max(1)), number(end.col().saturating_add(1)));
    // What ends before it begins is a point.
    let (end_line, end_column) =
        if (end_line, end_column) < (line, column) { (line, column) } else { (end_line, end_column) };
    Place { path: Arc::clone(path), line, column, end_line, end_column }
}

/// A list or map that is being read.
struct Frame {
    kind: Kind,
    start: Marker,
    end: Marker,
    anchor: usize,
    /// The function that its tag is short for.
    function: Option<Said<Text>>,
    /// Values in it, aliases written out.
    count: usize,
}

enum Kind {
    List(Vec<Node>),
    Map(Vec<(Said<Text>, Node)>, Option<Said<Text>>),
}

struct Tree<'p> {
    path: &'p Arc<str>,
    stack: Vec<Frame>,
    anchors: HashMap<usize, (Node, usize)>,
    written: usize,
    aliased: usize,
    /// Keys that stand a second time in one object.
    twice: Vec<Place>,
    plain: Plain,
}

impl<'p> Tree<'p> {
    fn new(path: &'p Arc<str>) -> Self {
        Self {
            path,
            stack: Vec::new(),
            anchors: HashMap::new(),
            written: 0,
            aliased: 0,
            twice: Vec::new(),
            plain: Plain::new(),
        }
    }

    /// Takes an event in; gives the document that ends with it.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other events carry no value")]
    fn take(&mut self, event: &Event<'_>, span: Span) -> Result<Option<Node>, String> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let value = scalar(text, *style, tag.as_deref());
                let node = Said::new(value, place(self.path, span.start, span.end));
                if *style == ScalarStyle::Plain
                    && tag.is_none()
                    && matches!(node.value, Value::Text(_))
                    && is_other(text)
                {
                    self.plain.insert((node.at.line, node.at.column));
                }
                let function = tag.as_deref().and_then(|t| self.function(t, span));
                self.written += 1;
                if self.written > VALUES {
                    return Err(format!("it has more than {VALUES} values, and the rest was not read"));
                }
                Ok(self.put(applied(function, node), 1, *anchor))
            }
            Event::SequenceStart(_, anchor, tag) => self.open(Kind::List(Vec::new()), *anchor, tag.as_deref(), span),
            Event::MappingStart(_, anchor, tag) => {
                self.open(Kind::Map(Vec::new(), None), *anchor, tag.as_deref(), span)
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(frame) = self.stack.pop() else { return Ok(None) };
                // The end of a block is where the next thing begins; its last value ends it.
                let end =
                    if span.end.line() > frame.end.line() && span.start == span.end { frame.end } else { span.end };
                let at = place(self.path, frame.start, end);
                let value = match frame.kind {
                    Kind::List(items) => Value::List(items),
                    Kind::Map(members, _) => {
                        self.twice.extend(twice(&members).take(FAULTS.saturating_sub(self.twice.len())));
                        Value::Map(merged(members))
                    }
                };
                Ok(self.put(applied(frame.function, Said::new(value, at)), frame.count, frame.anchor))
            }
            Event::Alias(id) => {
                let Some((node, count)) = self.anchors.get(id).cloned() else {
                    return Err("an alias stands for what holds it".to_owned());
                };
                self.aliased = self.aliased.saturating_add(count);
                if self.aliased > ALIASED {
                    return Err(format!("its aliases stand for more than {ALIASED} values, and the rest was not read"));
                }
                let at = place(self.path, span.start, span.end);
                if is_in(&node.at, &self.plain) {
                    self.plain.insert((at.line, at.column));
                }
                Ok(self.put(Said::new(node.value, at), count, 0))
            }
            _ => Ok(None),
        }
    }

    fn open(&mut self, kind: Kind, anchor: usize, tag: Option<&Tag>, span: Span) -> Result<Option<Node>, String> {
        self.written += 1;
        if self.stack.len() >= DEPTH {
            return Err(too_deep());
        }
        let function = tag.and_then(|t| self.function(t, span));
        self.stack.push(Frame { kind, start: span.start, end: span.end, anchor, function, count: 1 });
        Ok(None)
    }

    /// The name that a local tag is short for.
    fn function(&self, tag: &Tag, span: Span) -> Option<Said<Text>> {
        if tag.handle() != "!" || tag.suffix().is_empty() {
            return None;
        }
        let name = match tag.suffix() {
            plain @ ("Ref" | "Condition") => plain.to_owned(),
            other => format!("Fn::{other}"),
        };
        let start = span.tag_start.unwrap_or(span.start);
        Some(Said::new(name.into(), place(self.path, start, span.end)))
    }

    fn put(&mut self, node: Node, count: usize, anchor: usize) -> Option<Node> {
        if anchor != 0 {
            self.anchors.insert(anchor, (node.clone(), count));
        }
        let Some(frame) = self.stack.last_mut() else { return Some(node) };
        frame.count = frame.count.saturating_add(count);
        let end = (node.at.end_line, node.at.end_column);
        frame.end = Marker::new(0, end.0 as usize, (end.1 as usize).saturating_sub(1));
        match &mut frame.kind {
            Kind::List(items) => items.push(node),
            Kind::Map(members, key) => {
                if let Some(key) = key.take() {
                    members.push((key, node));
                } else {
                    let text = node.value.text().unwrap_or_else(|| Text::unknown("a key that is no text"));
                    *key = Some(Said::new(text, node.at));
                }
            }
        }
        None
    }
}

/// A value under the function that its tag is short for.
fn applied(function: Option<Said<Text>>, node: Node) -> Node {
    match function {
        Some(name) => {
            let at = Place { line: name.at.line, column: name.at.column, ..node.at.clone() };
            Said::new(Value::Map(vec![(name, node)]), at)
        }
        None => node,
    }
}

/// The keys that an object has a second time (YAML 1.2, "unique keys"): kubectl refuses such a file, and other readers
/// take the last.
fn twice(members: &[(Said<Text>, Node)]) -> impl Iterator<Item = Place> {
    let mut seen = HashSet::new();
    let known = members.iter().filter(|(key, _)| key.value.known().is_some_and(|k| k != "<<"));
    let again: Vec<Place> = known.filter(|(key, _)| !seen.insert(&key.value)).map(|(key, _)| key.at.clone()).collect();
    again.into_iter()
}

/// Members with those of `<<` before them: its own go first where a name stands twice (YAML 1.1, "Merge Key").
fn merged(members: Vec<(Said<Text>, Node)>) -> Vec<(Said<Text>, Node)> {
    if !members.iter().any(|(key, _)| key.value.known() == Some("<<")) {
        return members;
    }
    let (merges, own): (Vec<_>, Vec<_>) = members.into_iter().partition(|(k, _)| k.value.known() == Some("<<"));
    let mut all = Vec::new();
    for (_, node) in merges {
        match node.value {
            Value::Map(more) => all.extend(more),
            // Of several the first goes first.
            Value::List(items) => {
                for item in items.into_iter().rev() {
                    if let Value::Map(more) = item.value {
                        all.extend(more);
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Unknown(_) => {}
        }
    }
    all.extend(own);
    all
}

fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Value {
    let as_text = tag.is_some_and(|t| t.is_yaml_core_schema_tag("str"));
    if style != ScalarStyle::Plain || as_text {
        return Value::Text(text.into());
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ if is_number(text) => Value::Number(text.to_owned()),
        _ => Value::Text(text.into()),
    }
}

fn is_number(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).map_or((unsigned, None), |(m, e)| (m, Some(e)));
    let (whole, fraction) = mantissa.split_once('.').map_or((mantissa, None), |(w, f)| (w, Some(f)));
    let numeric = match fraction {
        Some(fraction) => (digits(whole) || whole.is_empty()) && digits(fraction),
        None => digits(whole),
    };
    numeric && exponent.is_none_or(|e| digits(e.strip_prefix(['-', '+']).unwrap_or(e)))
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Documents {
        read_yaml(&"a.yaml".into(), text)
    }

    fn at(node: &Node) -> (u32, u32, u32, u32) {
        (node.at.line, node.at.column, node.at.end_line, node.at.end_column)
    }

    #[test]
    fn places_are_lines_and_characters() {
        let all = read("a:\n  bé: 'x'\n  c: [1, \"zwei\"]\n---\nd: e\n").all;
        let a = all[0].value.get("a").unwrap();
        assert_eq!(at(a.value.get("bé").unwrap()), (2, 7, 2, 10));
        assert_eq!(at(&a.value.get("c").unwrap().value.items()[1]), (3, 10, 3, 16));
        assert_eq!(at(a), (2, 3, 3, 17), "a block ends with its last value");
        assert_eq!(at(all[1].value.get("d").unwrap()), (5, 4, 5, 5));
        let Value::Map(members) = &all[0].value else { panic!() };
        assert_eq!((members[0].0.at.line, members[0].0.at.column), (1, 1));
    }

    #[test]
    fn json_is_read_with_its_places() {
        let all = read("{\"a\": {\"b\":\t\"c\\/d\"},\n\t\"e\": [true, null, 12, \"\\ud83d\\ude00\"]}").all;
        let b = all[0].at_path(&["a", "b"]).unwrap();
        assert_eq!((b.value.text().unwrap().known(), at(b)), (Some("c/d"), (1, 13, 1, 19)));
        assert_eq!(all[0].value.get("e").unwrap().value.items().len(), 4);
    }

    #[test]
    fn numbers_keep_their_zeros_and_texts_are_texts() {
        let all = read("account: 012345678901\nquoted: \"1\"\nversion: 1.29\nname: 1.2.3\nno: no\n").all;
        let of = |name: &str| all[0].value.get(name).unwrap().value.clone();
        assert_eq!(of("account"), Value::Number("012345678901".to_owned()));
        assert_eq!(of("quoted"), Value::Text("1".into()));
        assert_eq!(of("version"), Value::Number("1.29".to_owned()));
        assert_eq!((of("name"), of("no")), (Value::Text("1.2.3".into()), Value::Text("no".into())));
    }

    #[test]
    fn tags_are_functions_and_merges_are_members() {
        let all = read("r: !Ref Name\ns: !Sub '${A}'\nl: !Join ['', [a]]\nb: &b {x: 1, y: 2}\nm: {<<: *b, y: 3}\n").all;
        let of = |path: &[&str]| all[0].at_path(path).unwrap().clone();
        assert_eq!(of(&["r", "Ref"]).value, Value::Text("Name".into()));
        assert_eq!(of(&["s", "Fn::Sub"]).value, Value::Text("${A}".into()));
        assert_eq!(of(&["l", "Fn::Join"]).value.items().len(), 2);
        assert_eq!(of(&["r"]).at.column, 4, "a function stands where its tag does");
        assert_eq!(of(&["m", "x"]).value, Value::Number("1".to_owned()));
        assert_eq!(of(&["m", "y"]).value, Value::Number("3".to_owned()));
    }

    #[test]
    fn a_broken_document_hides_no_other() {
        let read = read("a: b\n---\nc: [\n---\nd: e\n");
        assert_eq!(read.all.len(), 2);
        assert_eq!(read.unread.len(), 1);
        assert!(read.unread[0].at.line >= 3, "{:?}", read.unread);
    }

    #[test]
    fn a_key_that_stands_twice_is_told_with_its_place() {
        let read = read("a: {x: 1, y: 2}\nb:\n  x: 1\n  z: 2\n  x: 3\nm: {<<: {q: 1}, <<: {q: 2}}\n");
        let told: Vec<(u32, u32)> = read.twice.iter().map(|at| (at.line, at.column)).collect();
        assert_eq!(told, [(5, 3)]);
        assert_eq!(read.all[0].at_path(&["b", "x"]).unwrap().value, Value::Number("3".to_owned()));
    }

    #[test]
    fn bombs_end() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for n in 1..10 {
            let refs = vec![format!("*a{}", n - 1); 10].join(", ");
            text = format!("{text}a{n}: &a{n} [{refs}]\n");
        }
        let bomb = read(&text);
        assert!(bomb.all.is_empty() && bomb.unread.len() == 1, "{:?}", bomb.unread);
        for deep in ["[".repeat(100_000), "{a: ".repeat(50_000), "- ".repeat(50_000)] {
            assert!(!read(&deep).unread.is_empty());
        }
    }

    proptest! {
        /// Whatever the text is, reading ends, and no value stands outside it.
        #[test]
        fn any_text_is_read_within_it(text in "[a-c\\[\\]{}:,&*!|>#\"' \t\n-]{0,60}") {
            let lines = u32::try_from(text.lines().count()).unwrap() + 1;
            for node in read(&text).all {
                prop_assert!(node.at.line >= 1 && node.at.end_line <= lines, "{:?} {}", node.at, lines);
            }
        }

        /// A place holds the very text of its value.
        #[test]
        fn a_place_holds_its_value(key in "[a-z]{1,6}", value in "[a-zé]{1,9}x", depth in 0_usize..4) {
            let mut text = String::new();
            for n in 0..depth {
                writeln!(text, "{}k{n}:", "  ".repeat(n)).unwrap();
            }
            writeln!(text, "{}{key}: {value}", "  ".repeat(depth)).unwrap();
            let all = read(&text).all;
            let mut node = &all[0];
            for n in 0..depth {
                node = node.value.get(&format!("k{n}")).unwrap();
            }
            let node = node.value.get(&key).unwrap();
            let line = text.lines().nth(node.at.line as usize - 1).unwrap();
            let shown: String = line
                .chars()
                .skip(node.at.column as usize - 1)
                .take((node.at.end_column - node.at.column) as usize)
                .collect();
            prop_assert_eq!(shown, value);
        }
    }
}
