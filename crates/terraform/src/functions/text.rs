//! Functions of texts.

use crate::rope::{Rope, Seg};
use crate::source::Spot;
use crate::value::{Kind, Val};

use super::{Outcome, fault};

pub(super) fn call(name: &str, args: &[Val], at: Spot) -> Outcome {
    match (name, args) {
        ("format", [form, rest @ ..]) => format(&form.known_text()?, rest, at),
        ("join", [separator, lists @ ..]) => join(&separator.as_rope()?, lists, at),
        ("split", [separator, text]) => {
            let pieces = text.as_rope()?.split(&separator.known_text()?)?;
            Some(Val::list(pieces.into_iter().map(|piece| Val::rope(piece, at)).collect(), at))
        }
        ("replace", [text, old, new]) => replace(text, &old.known_text()?, new, at),
        ("trimprefix", [text, prefix]) => trim_prefix(text, &prefix.known_text()?),
        ("trimsuffix", [text, suffix]) => trim_suffix(text, &suffix.known_text()?),
        ("trim", [text, letters]) => trim(text, &letters.known_text()?),
        ("trimspace", [text]) => trim(text, " \t\r\n\u{b}\u{c}"),
        ("chomp", [text]) => {
            trim_end(&text.as_rope()?, |c| matches!(c, '\r' | '\n')).map(|rope| Val::rope(rope, text.at))
        }
        ("lower", [text]) => changed(text, str::to_lowercase),
        ("upper", [text]) => changed(text, str::to_uppercase),
        ("title", [text]) => changed(text, title),
        ("strrev", [text]) => changed(text, |text| text.chars().rev().collect()),
        ("substr", [text, from, length]) => substr(text, from.as_integer()?, length.as_integer()?, at),
        ("startswith", [text, prefix]) => starts(&text.as_rope()?, &prefix.known_text()?, at),
        ("endswith", [text, suffix]) => ends(&text.as_rope()?, &suffix.known_text()?, at),
        ("strcontains", [text, part]) => contains(&text.as_rope()?, &part.known_text()?, at),
        ("indent", [count, text]) => {
            let spaces = " ".repeat(usize::try_from(count.as_integer()?).ok().filter(|count| *count < 1000)?);
            changed(text, |text| text.replace('\n', &format!("\n{spaces}")))
        }
        ("formatlist", [form, rest @ ..]) => format_list(&form.known_text()?, rest, at),
        ("tostring", [value]) => match value.kind {
            Kind::List(_) | Kind::Map(_) | Kind::Thing(_) => fault(name, args, at),
            _ => Some(super::to_text(value.clone())),
        },
        ("tonumber", [value]) => match &value.kind {
            Kind::Text(rope) => {
                let text = rope.known()?;
                if text.parse::<f64>().is_ok() { Some(Val::number(text, at)) } else { fault(name, args, at) }
            }
            Kind::Number(_) | Kind::Null => Some(value.clone()),
            _ => None,
        },
        ("tobool", [value]) => value.as_bool().map(|truth| Val::bool(truth, value.at)),
        ("sensitive" | "nonsensitive" | "ephemeralasnull", [value]) => Some(value.clone()),
        _ => None,
    }
}

/// A known text changed as a whole.
fn changed(text: &Val, change: impl Fn(&str) -> String) -> Outcome {
    let known = text.known_text()?;
    let new = change(&known);
    Some(if new == known { text.clone() } else { Val::text(new, text.at) })
}

fn title(text: &str) -> String {
    let mut before = ' ';
    text.chars()
        .map(|c| {
            let upper = !(before.is_alphanumeric() || before == '_' || before == '\'');
            before = c;
            if upper { c.to_ascii_uppercase() } else { c }
        })
        .collect()
}

fn trim_prefix(text: &Val, prefix: &str) -> Outcome {
    let rope = text.as_rope()?;
    let head = rope.head();
    if head.starts_with(prefix) {
        return Some(Val::rope(rope.skip(prefix.len()), text.at));
    }
    // The beginning is known to be another, or all is known; a symbol that cannot have the prefix stays as it is.
    let cannot = matches!(rope.segs().first(), Some(Seg::Unknown(sym, _)) if !prefix.chars().all(|c| sym.chars.has(c)));
    (!prefix.starts_with(&head) || rope.known().is_some() || cannot && head.is_empty()).then(|| text.clone())
}

fn trim_suffix(text: &Val, suffix: &str) -> Outcome {
    let rope = text.as_rope()?;
    let tail = rope.tail();
    if tail.ends_with(suffix) {
        return Some(Val::rope(rope.shorten(suffix.len()), text.at));
    }
    let cannot = matches!(rope.segs().last(), Some(Seg::Unknown(sym, _)) if !suffix.chars().all(|c| sym.chars.has(c)));
    (!suffix.ends_with(&tail) || rope.known().is_some() || cannot && tail.is_empty()).then(|| text.clone())
}

/// `trim` takes letters, not a text: `trim("https://oidc", "https://")` eats whatever of `htps:/` it meets.
fn trim(text: &Val, letters: &str) -> Outcome {
    let rope = text.as_rope()?;
    let shorter = trim_start(&rope, |c| letters.contains(c))?;
    let shorter = trim_end(&shorter, |c| letters.contains(c))?;
    Some(Val::rope(shorter, text.at))
}

/// `None` where an unknown part could begin with one of the letters.
fn trim_start(rope: &Rope, gone: impl Fn(char) -> bool) -> Option<Rope> {
    let head = rope.head();
    let left = head.trim_start_matches(&gone);
    (!left.is_empty() || rope.known().is_some()).then(|| rope.skip(head.len() - left.len()))
}

fn trim_end(rope: &Rope, gone: impl Fn(char) -> bool) -> Option<Rope> {
    let tail = rope.tail();
    let left = tail.trim_end_matches(&gone);
    (!left.is_empty() || rope.known().is_some()).then(|| rope.shorten(tail.len() - left.len()))
}

/// A pattern between slashes is a regular expression, which is not computed.
fn replace(text: &Val, old: &str, new: &Val, at: Spot) -> Outcome {
    if old.len() > 1 && old.starts_with('/') && old.ends_with('/') {
        return up_to_last(text, old, new);
    }
    let (rope, new) = (text.as_rope()?, new.as_rope()?);
    if old.is_empty() {
        return None;
    }
    let pieces = rope.split(old)?;
    if let [_] = pieces.as_slice() {
        return Some(text.clone());
    }
    let mut joined = Vec::new();
    for (number, piece) in pieces.iter().enumerate() {
        if number > 0 {
            joined.push(&new);
        }
        joined.push(piece);
    }
    Some(Val::rope(Rope::join(joined), at))
}

/// `/^(.*provider/)/` for nothing takes away what comes up to the last `provider/`: the one pattern that many write.
fn up_to_last(text: &Val, pattern: &str, new: &Val) -> Outcome {
    let inner = pattern.strip_prefix("/^")?.strip_suffix('/')?;
    let inner = inner.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')).unwrap_or(inner);
    let literal = inner.strip_prefix(".*")?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '/' | ':');
    if literal.is_empty() || !literal.chars().all(plain) || !new.known_text()?.is_empty() {
        return None;
    }
    let pieces = text.as_rope()?.split(literal)?;
    match pieces.as_slice() {
        [_] => Some(text.clone()),
        [.., last] => Some(Val::rope(last.clone(), text.at)),
        [] => None,
    }
}

fn join(separator: &Rope, lists: &[Val], at: Spot) -> Outcome {
    let mut parts: Vec<Rope> = Vec::new();
    for list in lists {
        for item in list.as_list()? {
            if item.is_null() {
                return None;
            }
            if !parts.is_empty() {
                parts.push(separator.clone());
            }
            // A part that may be empty still stands between two separators.
            parts.push(item.as_rope().map(|rope| if rope.segs().is_empty() { Rope::made("", at) } else { rope })?);
        }
    }
    Some(Val::rope(Rope::join(&parts), at))
}

fn substr(text: &Val, from: i64, length: i64, at: Spot) -> Outcome {
    let known: Vec<char> = text.known_text()?.chars().collect();
    let count = i64::try_from(known.len()).ok()?;
    let from = if from < 0 { from.checked_add(count)?.max(0) } else { from.min(count) };
    let length = if length < 0 { count - from } else { length.min(count - from) };
    let (from, length) = (usize::try_from(from).ok()?, usize::try_from(length).ok()?);
    Some(Val::text(known.into_iter().skip(from).take(length).collect::<String>(), at))
}

fn starts(text: &Rope, prefix: &str, at: Spot) -> Outcome {
    let head = text.head();
    if head.starts_with(prefix) {
        return Some(Val::bool(true, at));
    }
    (!prefix.starts_with(&head) || text.known().is_some()).then(|| Val::bool(false, at))
}

fn ends(text: &Rope, suffix: &str, at: Spot) -> Outcome {
    let tail = text.tail();
    if tail.ends_with(suffix) {
        return Some(Val::bool(true, at));
    }
    (!suffix.ends_with(&tail) || text.known().is_some()).then(|| Val::bool(false, at))
}

fn contains(text: &Rope, part: &str, at: Spot) -> Outcome {
    let somewhere = text.segs().iter().any(|seg| matches!(seg, Seg::Known { text, .. } if text.contains(part)));
    if somewhere || part.is_empty() {
        return Some(Val::bool(true, at));
    }
    text.split(part).map(|pieces| Val::bool(pieces.len() > 1, at))
}

/// `%s`, `%d`, `%v` without flags, `%%`; with others the text is not computed.
fn format(form: &str, args: &[Val], at: Spot) -> Outcome {
    let mut args = args.iter();
    let mut parts: Vec<Rope> = Vec::new();
    let mut rest = form;
    while let Some((before, after)) = rest.split_once('%') {
        parts.push(Rope::made(before, at));
        let verb = after.chars().next()?;
        match verb {
            '%' => parts.push(Rope::made("%", at)),
            's' | 'd' | 'v' | 't' => {
                let Some(arg) = args.next() else { return Some(Val::fault("format()", at)) };
                parts.push(arg.as_rope()?);
            }
            'q' => {
                let rope = args.next()?.as_rope()?;
                parts.push(crate::json::write(&Val::new(Kind::Text(rope), at))?);
            }
            _ => return None,
        }
        rest = after.get(verb.len_utf8()..)?;
    }
    parts.push(Rope::made(rest, at));
    Some(Val::rope(Rope::join(&parts), at))
}

fn format_list(form: &str, args: &[Val], at: Spot) -> Outcome {
    let length = args.iter().filter_map(Val::as_list).map(<[_]>::len).max()?;
    let mut texts = Vec::new();
    for number in 0..length {
        let row: Option<Vec<Val>> = args
            .iter()
            .map(|arg| match arg.as_list() {
                Some(items) => items.get(number).cloned(),
                None => Some(arg.clone()),
            })
            .collect();
        texts.push(format(form, &row?, at)?);
    }
    Some(Val::list(texts, at))
}
