//! Edits of a trust policy's JSON text that change one thing and keep everything else as written.

use serde_json::Value;

use crate::lint::is_trust_action;

/// A condition in a document.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spot<'a> {
    pub(super) statement: usize,
    pub(super) operator: &'a str,
    pub(super) key: &'a str,
}

fn edit(text: &str, statement: usize, change: impl FnOnce(&mut Value) -> Option<()>) -> Option<String> {
    let mut document: Value = serde_json::from_str(text).ok()?;
    let statements = document.get_mut("Statement")?;
    let target = if statements.is_array() { statements.get_mut(statement)? } else { statements };
    change(target)?;
    serde_json::to_string(&document).ok()
}

/// Replaces one value of a condition.
pub(super) fn replace_value(text: &str, place: Spot<'_>, old: &str, new: &str) -> Option<String> {
    edit(text, place.statement, |s| {
        let found = s.get_mut("Condition")?.get_mut(place.operator)?.get_mut(place.key)?;
        swap(found, old, new)
    })
}

fn swap(found: &mut Value, old: &str, new: &str) -> Option<()> {
    match found {
        Value::String(text) if text == old => {
            new.clone_into(text);
            Some(())
        }
        Value::Array(items) => {
            let item = items.iter_mut().find(|i| i.as_str() == Some(old))?;
            *item = Value::String(new.to_owned());
            Some(())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => None,
    }
}

/// Removes a condition.
pub(super) fn remove_condition(text: &str, place: Spot<'_>) -> Option<String> {
    edit(text, place.statement, |s| {
        let conditions = s.get_mut("Condition")?.as_object_mut()?;
        let block = conditions.get_mut(place.operator)?.as_object_mut()?;
        block.shift_remove(place.key)?;
        if block.is_empty() {
            conditions.shift_remove(place.operator);
        }
        Some(())
    })
}

/// Moves a condition to another operator or key, values kept.
pub(super) fn move_condition(text: &str, place: Spot<'_>, operator: &str, key: &str) -> Option<String> {
    edit(text, place.statement, |s| {
        let conditions = s.get_mut("Condition")?.as_object_mut()?;
        let block = conditions.get_mut(place.operator)?.as_object_mut()?;
        let values = block.shift_remove(place.key)?;
        if block.is_empty() {
            conditions.shift_remove(place.operator);
        }
        let target =
            conditions.entry(operator).or_insert_with(|| Value::Object(serde_json::Map::new())).as_object_mut()?;
        if target.contains_key(key) {
            return None;
        }
        target.insert(key.to_owned(), values);
        Some(())
    })
}

/// Renames condition keys of a statement, wherever they stand in it; `None` if nothing changes or two keys
/// would become one.
pub(super) fn rename_keys(text: &str, statement: usize, new: impl Fn(&str) -> Option<String>) -> Option<String> {
    edit(text, statement, |s| {
        let mut changed = None;
        for (_, block) in s.get_mut("Condition")?.as_object_mut()?.iter_mut() {
            let Some(block) = block.as_object_mut() else { continue };
            let before = block.len();
            let renamed: serde_json::Map<String, Value> = std::mem::take(block)
                .into_iter()
                .map(|(key, value)| match new(&key) {
                    Some(other) => {
                        changed = Some(());
                        (other, value)
                    }
                    None => (key, value),
                })
                .collect();
            if renamed.len() != before {
                return None;
            }
            *block = renamed;
        }
        changed
    })
}

/// Replaces the Federated principal and the issuer in every condition key of the statement.
pub(super) fn replace_issuer(
    text: &str,
    statement: usize,
    old: &str,
    new: &str,
    old_path: &str,
    new_path: &str,
) -> Option<String> {
    edit(text, statement, |s| {
        if old != new {
            swap(s.get_mut("Principal")?.get_mut("Federated")?, old, new)?;
        }
        let Some(conditions) = s.get_mut("Condition").and_then(Value::as_object_mut) else { return Some(()) };
        for (_, block) in conditions.iter_mut() {
            let Some(block) = block.as_object_mut() else { continue };
            let renamed: serde_json::Map<String, Value> = std::mem::take(block)
                .into_iter()
                .map(|(key, value)| match key.rsplit_once(':') {
                    Some((path, name)) if path == old_path => (format!("{new_path}:{name}"), value),
                    _ => (key, value),
                })
                .collect();
            *block = renamed;
        }
        Some(())
    })
}

/// Lets a statement allow one more action. An `AssumeRole…` of another kind makes way for it where only federated
/// principals are named, who have no use for that, and so does what IAM saves in no trust policy; what else is allowed
/// stays.
pub(super) fn let_act(text: &str, statement: usize, action: &str) -> Option<String> {
    edit(text, statement, |s| {
        let federated = s.get("Principal")?.as_object()?.keys().all(|k| k == "Federated");
        let listed = s.get_mut("Action")?;
        let mut actions: Vec<String> = match listed {
            Value::String(one) => vec![one.clone()],
            Value::Array(all) => all.iter().filter_map(|v| v.as_str().map(str::to_owned)).collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => return None,
        };
        actions.retain(|a| is_trust_action(a));
        let other = |a: &String| a.to_lowercase().starts_with("sts:assumerole");
        match actions.iter_mut().find(|a| federated && other(a)) {
            Some(place) => action.clone_into(place),
            None => actions.push(action.to_owned()),
        }
        *listed = match actions.as_slice() {
            [only] => Value::String(only.clone()),
            _ => Value::from(actions),
        };
        Some(())
    })
}

/// Lets a statement allow one more action, all others kept.
pub(super) fn also_act(text: &str, statement: usize, action: &str) -> Option<String> {
    edit(text, statement, |s| {
        let listed = s.get_mut("Action")?;
        match listed {
            Value::Array(all) => all.push(Value::from(action)),
            Value::String(one) => *listed = Value::from(vec![one.clone(), action.to_owned()]),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => return None,
        }
        Some(())
    })
}

/// The federated principals of a statement.
pub(super) fn federated(text: &str, statement: usize) -> Vec<String> {
    let document: Option<Value> = serde_json::from_str(text).ok();
    let named = document
        .as_ref()
        .and_then(|d| d.get("Statement"))
        .and_then(|all| if all.is_array() { all.get(statement) } else { Some(all) });
    match named.and_then(|s| s.get("Principal")).and_then(|p| p.get("Federated")) {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(all)) => all.iter().filter_map(|v| v.as_str().map(str::to_owned)).collect(),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) | None => Vec::new(),
    }
}

/// Adds a value to a condition, the others kept.
pub(super) fn add_value(text: &str, place: Spot<'_>, new: &str) -> Option<String> {
    edit(text, place.statement, |s| {
        let found = s.get_mut("Condition")?.get_mut(place.operator)?.get_mut(place.key)?;
        match found {
            Value::Array(all) => all.push(Value::from(new)),
            Value::String(one) => *found = Value::from(vec![one.clone(), new.to_owned()]),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => return None,
        }
        Some(())
    })
}

/// The conditions of a statement as they are written, none as an empty object.
pub(super) fn conditions(text: &str, statement: usize) -> Option<Value> {
    let document: Value = serde_json::from_str(text).ok()?;
    let statements = document.get("Statement")?;
    let target = if statements.is_array() { statements.get(statement)? } else { statements };
    Some(target.get("Condition").cloned().unwrap_or_else(|| Value::Object(serde_json::Map::new())))
}

/// Adds a statement.
pub(super) fn add_statement(text: &str, statement: Value) -> Option<String> {
    let mut document: Value = serde_json::from_str(text).ok()?;
    let statements = document.get_mut("Statement")?;
    match statements {
        Value::Array(all) => all.push(statement),
        Value::Object(_) => *statements = Value::Array(vec![statements.take(), statement]),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return None,
    }
    serde_json::to_string(&document).ok()
}
