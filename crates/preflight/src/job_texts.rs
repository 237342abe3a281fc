//! Texts of CI files: what only a run knows in them, and the repository that a role names.

use trustwalk_checkout::{Node, Place, Role, Text, Value};
use trustwalk_core::evidence::{Part, Template};
use trustwalk_trust_policy::SubjectForm;

use crate::fill::Fill;
use crate::policy::statements;

/// The value of a name, wherever in a job it stands.
pub(crate) fn find(node: &Node, name: &str, depth: usize) -> Option<Place> {
    if depth > 12 || name.is_empty() {
        return None;
    }
    if let Some(found) = node.value.get(name) {
        return Some(found.at.clone());
    }
    if let Value::Map(members) = &node.value {
        return members.iter().find_map(|(_, n)| find(n, name, depth + 1));
    }
    node.value.items().iter().find_map(|n| find(n, name, depth + 1))
}

/// The step of a name, and where its name stands.
pub(crate) fn step<'n>(node: &'n Node, id: &str, depth: usize) -> Option<(&'n Place, &'n Node)> {
    if depth > 12 {
        return None;
    }
    if let Value::Map(members) = &node.value {
        let named = ["key", "id", "identifier", "label", "name"].iter().filter_map(|name| node.value.get(name));
        let own = named.into_iter().find(|n| n.value.text().is_some_and(|t| t.known() == Some(id)));
        return own
            .map(|name| (&name.at, node))
            .or_else(|| members.iter().find_map(|(_, inner)| step(inner, id, depth + 1)));
    }
    node.value.items().iter().find_map(|inner| step(inner, id, depth + 1))
}

/// The first text of a job that gives a variable or an option a value.
pub(crate) fn text_that_sets(node: &Node, name: &str, depth: usize) -> Option<Place> {
    if depth > 12 || name.is_empty() {
        return None;
    }
    match &node.value {
        Value::Text(text) => {
            let sets = |rest: &str| rest.starts_with(['=', ' ']);
            let known = text.known()?;
            known
                .match_indices(name)
                .any(|(at, _)| known.get(at + name.len()..).is_some_and(sets))
                .then(|| node.at.clone())
        }
        Value::Map(members) => members.iter().find_map(|(_, inner)| text_that_sets(inner, name, depth + 1)),
        Value::List(items) => items.iter().find_map(|inner| text_that_sets(inner, name, depth + 1)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Unknown(_) => None,
    }
}

/// The first text of a job that names a variable which begins so.
pub(crate) fn text_with(node: &Node, begins: &str, depth: usize) -> Option<Place> {
    if depth > 12 {
        return None;
    }
    match &node.value {
        Value::Text(text) => {
            let known = text.known()?;
            let names =
                known.match_indices(begins).any(|(at, _)| known.get(..at).is_some_and(|b| b.ends_with(['$', '{'])));
            names.then(|| node.at.clone())
        }
        Value::Map(members) => members.iter().find_map(|(_, n)| text_with(n, begins, depth + 1)),
        Value::List(items) => items.iter().find_map(|n| text_with(n, begins, depth + 1)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Unknown(_) => None,
    }
}

/// A text of a CI file, what only its run knows as symbols.
pub(crate) fn expressions(text: &str) -> Text {
    let mut out = Text::default();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${{") {
        let Some((expression, after)) = after.split_once("}}") else { break };
        out.push(before.into());
        out.push(Text::unknown(expression.trim()));
        rest = after;
    }
    // `$NAME` and `<<name>>` of other platforms.
    if rest.contains("<<") || rest.contains('$') {
        let cut = rest.find(['$', '<']).unwrap_or_default();
        let (before, unknown) = rest.split_at_checked(cut).unwrap_or_default();
        out.push(before.into());
        out.push(Text::unknown(unknown));
        return out;
    }
    out.push(rest.into());
    out
}

/// A template as a text: its unknown parts are symbols of their names.
pub(crate) fn of_template(template: &Template) -> Text {
    let part = |part: &Part| match part {
        Part::Text(text) => Text::from(text.as_str()),
        Part::Unknown { name, .. } => Text::unknown(name.as_str()),
    };
    template.parts().iter().map(part).collect()
}

/// The repository that a role's trust policy names first, and its ids where it names these.
pub(crate) fn named_repository(role: &Role) -> Option<(String, Option<(String, String)>)> {
    let all = statements(&role.trust);
    let values = all.iter().filter(|s| s.allows()).flat_map(|s| &s.conditions).flat_map(|c| &c.values);
    let texts = values.filter_map(|n| n.value.text());
    texts.into_iter().find_map(|text| {
        let plain = Fill::default().text(&text).replace(['*', '?'], "x");
        let SubjectForm::Repository { repository, .. } = SubjectForm::of(&plain) else { return None };
        let (owner, name) = repository.split_once('/').unwrap_or((repository, "x"));
        let ids = owner.split_once('@').zip(name.split_once('@'));
        let ids = ids.map(|((_, owner), (_, name))| (owner.to_owned(), name.to_owned()));
        let bare = |half: &str| half.split('@').next().unwrap_or(half).to_owned();
        Some((format!("{}/{}", bare(owner), bare(name)), ids))
    })
}
