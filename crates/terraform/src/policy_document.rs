//! `data.aws_iam_policy_document` as the provider makes JSON of it.
//!
//! Source: terraform-provider-aws 5.100, `internal/service/iam/policy_document_data_source.go` and `policy_model.go`:
//! one value of a list stands alone; conditions of one test and variable are put together; `&{` becomes `${`; a
//! statement replaces one with the same `sid`; sources come before the document's own statements, overrides after.

use super::json;
use super::rope::{Rope, Seg};
use super::source::Spot;
use super::value::{Key, Kind, Sym, Val};

/// What the data source was given, by its arguments' names.
pub(crate) fn document(given: &Val, at: Spot) -> Val {
    let mut statements: Vec<Val> = Vec::new();
    let mut version = None;
    for source in given.get("source_policy_documents").map(items).unwrap_or_default() {
        merge(&mut statements, &mut version, &source);
    }
    let own = given.get("statement").map(items).unwrap_or_default();
    for statement in own {
        let made = made_statement(&statement);
        put(&mut statements, made);
    }
    let own_version = given.get("version").cloned().unwrap_or_else(|| Val::text("2012-10-17", at));
    newer(&mut version, own_version);
    for source in given.get("override_policy_documents").map(items).unwrap_or_default() {
        merge(&mut statements, &mut version, &source);
    }
    let mut members = Vec::new();
    if let Some(version) = version {
        members.push((key("Version", version.at), version));
    }
    if let Some(id) = given.get("policy_id").filter(|id| !is_empty(id)) {
        members.push((key("Id", id.at), id.clone()));
    }
    if !statements.is_empty() {
        members.push((key("Statement", at), Val::list(statements, at)));
    }
    Val::map(members, at)
}

fn key(name: &str, at: Spot) -> Key {
    Key { name: Rope::made(name, at), at }
}

fn is_empty(value: &Val) -> bool {
    value.is_null() || matches!(&value.kind, Kind::Text(rope) if rope.segs().is_empty())
}

/// Items of a list; of what is not known as a list, itself.
fn items(value: &Val) -> Vec<Val> {
    match &value.kind {
        Kind::List(items) => items.to_vec(),
        Kind::Null => Vec::new(),
        _ => vec![value.clone()],
    }
}

/// The greater version wins, as texts compare.
fn newer(version: &mut Option<Val>, other: Val) {
    let text = |value: &Val| value.known_text().unwrap_or_default();
    if version.as_ref().is_none_or(|version| text(&other) > text(version)) {
        *version = Some(other);
    }
}

/// Another document's statements.
fn merge(statements: &mut Vec<Val>, version: &mut Option<Val>, source: &Val) {
    if is_empty(source) {
        return;
    }
    let document = match &source.kind {
        Kind::Json(value) => (**value).clone(),
        Kind::Text(rope) => match json::read(rope) {
            Ok(value) => value,
            Err(_) => return statements.push(unknown(source)),
        },
        _ => return statements.push(unknown(source)),
    };
    if let Some(other) = document.get("Version") {
        newer(version, other.clone());
    }
    match document.get("Statement") {
        Some(found) => {
            for statement in items(found) {
                put(statements, statement);
            }
        }
        None if document.as_map().is_none() => statements.push(unknown(source)),
        None => {}
    }
}

/// Statements that are not known.
fn unknown(source: &Val) -> Val {
    let sym = source.symbol().cloned().unwrap_or_else(|| Sym::any(super::print::name(&super::print::print(source))));
    Val::new(Kind::Unknown(sym), source.at)
}

/// Adds a statement, or puts it in place of the one with its sid.
fn put(statements: &mut Vec<Val>, statement: Val) {
    let sid = |statement: &Val| statement.get("Sid").and_then(Val::known_text).filter(|sid| !sid.is_empty());
    let wanted = sid(&statement);
    let same = wanted.and_then(|wanted| statements.iter_mut().find(|known| sid(known).as_ref() == Some(&wanted)));
    match same {
        Some(known) => *known = statement,
        None => statements.push(statement),
    }
}

fn made_statement(given: &Val) -> Val {
    let Some(members) = given.as_map() else { return given.clone() };
    let at = given.at;
    let mut made = Vec::new();
    let place = |name: &str| members.iter().find(|(key, _)| key.name.known().as_deref() == Some(name));
    if let Some((name, sid)) = place("sid").filter(|(_, sid)| !is_empty(sid)) {
        made.push((key("Sid", name.at), sid.clone()));
    }
    let effect = place("effect").filter(|(_, effect)| !is_empty(effect));
    let effect = effect.map_or_else(
        || (key("Effect", at), Val::text("Allow", at)),
        |(name, effect)| (key("Effect", name.at), effect.clone()),
    );
    made.push(effect);
    for (name, given) in [("Principal", "principals"), ("NotPrincipal", "not_principals")] {
        if let Some((found, blocks)) = place(given).filter(|(_, blocks)| !items(blocks).is_empty()) {
            made.push((key(name, found.at), principals(&items(blocks), found.at)));
        }
    }
    for (name, given, variables) in [
        ("Action", "actions", false),
        ("NotAction", "not_actions", false),
        ("Resource", "resources", true),
        ("NotResource", "not_resources", true),
    ] {
        if let Some((found, list)) = place(given).filter(|(_, list)| !items(list).is_empty()) {
            made.push((key(name, found.at), set(list, variables)));
        }
    }
    if let Some((found, blocks)) = place("condition").filter(|(_, blocks)| !items(blocks).is_empty()) {
        made.push((key("Condition", found.at), conditions(&items(blocks), found.at)));
    }
    Val::map(made, at)
}

/// A set of texts: alone if one, else sorted backwards.
fn set(list: &Val, variables: bool) -> Val {
    let Some(items) = list.as_list() else { return list.clone() };
    let mut texts: Vec<(String, Val)> = items
        .iter()
        .map(|item| if variables { with_variables(item) } else { super::functions::to_text(item.clone()) })
        .map(|item| (item.as_rope().map(|rope| rope.to_text().to_string()).unwrap_or_default(), item))
        .collect();
    texts.sort_by(|one, two| two.0.cmp(&one.0));
    texts.dedup_by(|one, two| one.0 == two.0);
    alone(texts.into_iter().map(|(_, item)| item).collect(), list.at)
}

fn alone(mut items: Vec<Val>, at: Spot) -> Val {
    match items.len() {
        1 => items.pop().unwrap_or_else(|| Val::null(at)),
        _ => Val::list(items, at),
    }
}

/// `&{aws:username}` becomes `${aws:username}`.
fn with_variables(item: &Val) -> Val {
    let Some(rope) = item.as_rope() else { return item.clone() };
    let segs = rope.segs().iter().map(|seg| match seg {
        Seg::Known { text, at, .. } if text.contains("&{") => {
            Seg::Known { text: text.replace("&{", "${").into(), at: *at, exact: false }
        }
        _ => seg.clone(),
    });
    Val::rope(Rope::of(segs.collect()), item.at)
}

fn principals(blocks: &[Val], at: Spot) -> Val {
    let text = |block: &Val, name: &str| block.get(name).and_then(Val::known_text);
    if let [only] = blocks
        && text(only, "type").as_deref() == Some("*")
        && let Some(all) = only.get("identifiers").map(|list| set(list, true))
        && all.known_text().as_deref() == Some("*")
    {
        return all;
    }
    let mut members: Vec<(Key, Val)> = Vec::new();
    for block in blocks {
        let (Some(kind), Some(list)) = (block.get("type"), block.get("identifiers")) else { return block.clone() };
        let Some(name) = kind.as_rope() else { return block.clone() };
        let list = set(list, true);
        match members.iter_mut().find(|(known, _)| known.name.same(&name)) {
            Some((_, known)) => *known = Val::list([items(known), items(&list)].concat(), known.at),
            None => members.push((Key { name, at: kind.at }, list)),
        }
    }
    Val::map(members, at)
}

fn conditions(blocks: &[Val], at: Spot) -> Val {
    let mut tests: Vec<(Key, Vec<(Key, Val)>)> = Vec::new();
    for block in blocks {
        let (Some(test), Some(variable), Some(values)) =
            (block.get("test"), block.get("variable"), block.get("values"))
        else {
            return unknown(block);
        };
        let (Some(test_name), Some(name)) = (test.as_rope(), variable.as_rope()) else { return unknown(block) };
        let values = match values.as_list() {
            Some(list) => Val::list(list.iter().map(with_variables).collect(), values.at),
            None => values.clone(),
        };
        let position = tests.iter().position(|(known, _)| known.name.same(&test_name));
        if position.is_none() {
            tests.push((Key { name: test_name, at: test.at }, Vec::new()));
        }
        let slot = position.unwrap_or_else(|| tests.len() - 1);
        let Some((_, variables)) = tests.get_mut(slot) else { continue };
        match variables.iter_mut().find(|(known, _)| known.name.same(&name)) {
            Some((_, known)) => *known = Val::list([items(known), items(&values)].concat(), known.at),
            None => variables.push((Key { name, at: variable.at }, values)),
        }
    }
    let single = |value: Val| match value.as_list() {
        Some([only]) => only.clone(),
        _ => value,
    };
    let members = tests.into_iter().map(|(test, variables)| {
        let map = Val::map(variables.into_iter().map(|(key, value)| (key, single(value))).collect(), test.at);
        (test, map)
    });
    Val::map(members.collect(), at)
}
