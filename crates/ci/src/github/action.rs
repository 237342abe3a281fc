//! The step that shows an ID token: in the job, or in an action of the same repository (GitHub Docs, "Metadata
//! syntax for GitHub Actions", composite actions).

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::Value;

use super::expression::Known;
use crate::Files;
use crate::limits::{FOLLOWED, LEVELS, UNREAD};
use crate::value::{inside, items, member, members, parse, strings};

/// A step that assumes a role.
#[derive(Debug, Clone, Default)]
pub(super) struct Step {
    pub(super) inputs: BTreeMap<String, String>,
    pub(super) env: BTreeMap<String, String>,
    /// Conditions on its way, each with what is known put in.
    pub(super) conditions: Vec<String>,
    /// Whether it is AWS's own action.
    pub(super) of_aws: bool,
    /// Whether it shows the keys of a user that it is given, and no token.
    pub(super) by_keys: bool,
}

/// The actions of a checkout, each read once.
pub(super) struct Actions<'a> {
    more: &'a dyn Files,
    read: RefCell<BTreeMap<String, Result<Rc<Value>, String>>>,
}

impl<'a> Actions<'a> {
    pub(super) fn new(more: &'a dyn Files) -> Self {
        Self { more, read: RefCell::default() }
    }

    /// The metadata of the action in a folder of the checkout, whose path ends with `/` or is empty.
    fn get(&self, folder: &str) -> Result<Rc<Value>, String> {
        if let Some(known) = self.read.borrow().get(folder) {
            return known.clone();
        }
        let read = || {
            for name in ["action.yml", "action.yaml"] {
                if let Some(text) = self.more.read(&format!("{folder}{name}"))? {
                    return parse(&text).map(Rc::new);
                }
            }
            Err("it is not in this checkout".to_owned())
        };
        let read = read();
        self.read.borrow_mut().insert(folder.to_owned(), read.clone());
        read
    }
}

/// The steps of a list that show a token, and what was not read while looking for them.
pub(super) fn find(steps: Option<&Value>, known: &Known, actions: &Actions<'_>, unread: &mut Vec<String>) -> Found {
    let mut found = Vec::new();
    let left = Cell::new(FOLLOWED);
    let place = Place { known, conditions: &[], level: 0, left: &left };
    collect(steps, &place, actions, &mut found, unread);
    let given = |s: &Step, input: &str| s.inputs.contains_key(input);
    // One that is given keys or a token file shows none, and one that chains shows the session before it (README of
    // aws-actions/configure-aws-credentials, "Identity used").
    let other = |s: &&Step| given(s, "aws-access-key-id") || given(s, "web-identity-token-file");
    let chains = |s: &&Step| s.inputs.get("role-chaining").is_some_and(|v| v != "false");
    let own: Vec<Step> = found.iter().filter(|s| !other(s) && !chains(s)).cloned().collect();
    if own.is_empty() {
        // The action takes keys that it is given before a token (the same).
        let keyed =
            |s: &&Step| given(s, "aws-access-key-id") && s.inputs.get(ROLE_INPUT).is_some_and(|r| !r.is_empty());
        let by_keys = || Some(Step { by_keys: true, ..found.iter().find(keyed)?.clone() });
        let step = found.iter().find(|s| !other(s)).cloned().or_else(by_keys);
        return Found { steps: step.into_iter().collect(), beside: Vec::new() };
    }
    let chained = found.iter().filter(|s| !other(s) && chains(s)).map(|s| {
        let role = s.inputs.get("role-to-assume").map_or("a role", String::as_str);
        format!("the step that goes on to {role} with the session before it (role-chaining: true)")
    });
    Found { beside: chained.collect(), steps: own }
}

/// What a list of steps holds.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Those that show a token.
    pub(super) steps: Vec<Step>,
    /// Those that get a role with the session of one before them, in words.
    pub(super) beside: Vec<String>,
}

/// The input by which `aws-actions/configure-aws-credentials` is told the role.
const ROLE_INPUT: &str = "role-to-assume";

struct Place<'a> {
    known: &'a Known,
    conditions: &'a [String],
    level: usize,
    left: &'a Cell<usize>,
}

fn collect(
    steps: Option<&Value>,
    place: &Place<'_>,
    actions: &Actions<'_>,
    found: &mut Vec<Step>,
    unread: &mut Vec<String>,
) {
    for step in items(steps) {
        let Some(uses) = step.get("uses").and_then(Value::as_str) else { continue };
        let Some(left) = place.left.get().checked_sub(1) else {
            return note(unread, format!("more than {FOLLOWED} steps of actions in actions"));
        };
        place.left.set(left);
        let mut with: BTreeMap<String, String> =
            strings(step.get("with")).into_iter().map(|(k, v)| (k, place.known.put_in(&v))).collect();
        if let Some(role) = role_of_others(&with) {
            with.insert(ROLE_INPUT.to_owned(), role);
        }
        let mut conditions = place.conditions.to_vec();
        conditions.extend(member(step, "if").map(|c| place.known.put_in(&c)));
        if uses.contains("configure-aws-credentials") || with.contains_key(ROLE_INPUT) {
            let of_aws = uses.contains("configure-aws-credentials");
            let env = strings(step.get("env"));
            let inputs = with.clone();
            found.push(Step { inputs, env, conditions: conditions.clone(), of_aws, by_keys: false });
            if of_aws {
                continue;
            }
        }
        if !uses.starts_with("./") && !uses.starts_with("../") {
            continue;
        }
        match local(uses, place.level, actions) {
            Ok(action) => {
                let mut known = Known::default();
                known.add("inputs", &defaults(&action));
                known.add("inputs", &with);
                let inner = Place { known: &known, conditions: &conditions, level: place.level + 1, left: place.left };
                collect(action.pointer("/runs/steps"), &inner, actions, found, unread);
            }
            Err(reason) => note(unread, format!("action `{uses}`: {reason}")),
        }
    }
}

/// A role's or a session's ARN that an action of others is given under a name of its own: `aws-role-to-assume`,
/// `aws-role-arn`.
fn role_of_others(with: &BTreeMap<String, String>) -> Option<String> {
    let is_role =
        |text: &str| text.starts_with("arn:aws") && (text.contains(":role/") || text.contains("assumed-role/"));
    let mut named = with.iter().filter(|(name, value)| name.contains("role") && is_role(value));
    let (_, value) = named.next().filter(|_| !with.contains_key(ROLE_INPUT))?;
    Some(value.clone())
}

pub(super) fn note(unread: &mut Vec<String>, what: String) {
    if unread.len() < UNREAD && !unread.contains(&what) {
        unread.push(what);
    }
}

/// The metadata of an action of the checkout.
fn local(uses: &str, level: usize, actions: &Actions<'_>) -> Result<Rc<Value>, String> {
    if level >= LEVELS {
        return Err(format!("actions are followed {LEVELS} levels deep"));
    }
    if uses.contains("${{") {
        return Err("only the run knows its path".to_owned());
    }
    // `./` is the checkout itself.
    let at_root = uses.split('/').all(|part| matches!(part, "" | "."));
    let folder = if at_root { String::new() } else { inside(uses).ok_or("it leads out of the checkout")? + "/" };
    actions.get(&folder)
}

/// The defaults of inputs.
pub(super) fn defaults(action: &Value) -> BTreeMap<String, String> {
    members(action.get("inputs")).filter_map(|(name, input)| Some((name.clone(), member(input, "default")?))).collect()
}
