//! A trust policy as files have it: a tree of which parts may be unknown, and the text that it comes to once each
//! symbol has a value.

use serde_json::{Map, Value as Json};
use trustwalk_checkout::{Node, Place, Said, Text, Value};

use crate::fill::Fill;

/// A condition of a statement, with the places of its key and values.
#[derive(Debug, Clone)]
pub(crate) struct Condition<'n> {
    pub(crate) operator: &'n Said<Text>,
    pub(crate) key: &'n Said<Text>,
    pub(crate) values: Vec<&'n Node>,
}

/// A statement of a policy.
#[derive(Debug, Clone)]
pub(crate) struct Statement<'n> {
    pub(crate) node: &'n Node,
    pub(crate) conditions: Vec<Condition<'n>>,
}

/// One value or a list of them.
fn each(node: &Node) -> Vec<&Node> {
    if let Value::List(items) = &node.value { items.iter().collect() } else { vec![node] }
}

/// The members of a map.
fn members(node: Option<&Node>) -> &[(Said<Text>, Node)] {
    match node.map(|n| &n.value) {
        Some(Value::Map(members)) => members,
        _ => &[],
    }
}

/// The statements of a policy, in the order in which the text has them.
pub(crate) fn statements(trust: &Node) -> Vec<Statement<'_>> {
    let all = trust.value.get("Statement").map(each).unwrap_or_default();
    let conditions = |node| {
        let operators = members(Node::at_path(node, &["Condition"]).ok());
        operators
            .iter()
            .flat_map(|(operator, keys)| {
                members(Some(keys)).iter().map(move |(key, values)| Condition { operator, key, values: each(values) })
            })
            .collect()
    };
    all.into_iter().map(|node| Statement { node, conditions: conditions(node) }).collect()
}

impl<'n> Statement<'n> {
    /// Whether it allows.
    pub(crate) fn allows(&self) -> bool {
        self.node.value.get("Effect").and_then(|n| n.value.text()).is_some_and(|t| t.known() == Some("Allow"))
    }

    /// Whether its actions may hold one: by name, by a pattern, or by what is not known.
    pub(crate) fn may_name(&self, action: &str) -> bool {
        let named = self.node.value.get("Action").map(texts);
        let may = |text: &Text| text.known().is_none_or(|t| t.eq_ignore_ascii_case(action) || t.contains('*'));
        named.is_none_or(|all| all.iter().any(may))
    }

    /// The federated principals it names.
    pub(crate) fn federated(&self) -> Vec<&'n Node> {
        self.node.at_path(&["Principal", "Federated"]).map(each).unwrap_or_default()
    }

    /// Whether all of it is known.
    pub(crate) fn is_known(&self) -> bool {
        is_known(self.node)
    }
}

/// Whether all of a tree is known.
pub(crate) fn is_known(node: &Node) -> bool {
    match &node.value {
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
        Value::Text(text) => text.known().is_some(),
        Value::Unknown(_) => false,
        Value::List(items) => items.iter().all(is_known),
        Value::Map(members) => members.iter().all(|(key, n)| key.value.known().is_some() && is_known(n)),
    }
}

/// Every text of a tree, keys too.
pub(crate) fn texts(node: &Node) -> Vec<Text> {
    let mut all = Vec::new();
    gather(node, &mut all);
    all
}

fn gather(node: &Node, all: &mut Vec<Text>) {
    match &node.value {
        Value::List(items) => items.iter().for_each(|n| gather(n, all)),
        Value::Map(members) => {
            for (key, n) in members {
                all.push(key.value.clone());
                gather(n, all);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Unknown(_) => {
            all.extend(node.value.text());
        }
    }
}

/// The policy's JSON text with every symbol filled in.
pub(crate) fn rendered(trust: &Node, fill: &Fill) -> String {
    json(trust, fill).to_string()
}

pub(crate) fn json(node: &Node, fill: &Fill) -> Json {
    match &node.value {
        Value::Null => Json::Null,
        Value::Bool(truth) => Json::Bool(*truth),
        // A number keeps its zeros as a text, which is how a policy compares it.
        Value::Number(number) => Json::from(number.as_str()),
        Value::Text(text) => Json::from(fill.text(text)),
        Value::Unknown(symbol) => Json::from(fill.text(&Text::unknown(symbol.0.clone()))),
        Value::List(items) => Json::Array(items.iter().map(|n| json(n, fill)).collect()),
        Value::Map(members) => {
            let mut out = Map::new();
            for (key, n) in members {
                out.insert(fill.text(&key.value), json(n, fill));
            }
            Json::Object(out)
        }
    }
}

/// Where a condition stands, or else its statement, as the evaluator names it.
pub(crate) fn place_of_condition<'n>(
    statements: &[Statement<'n>],
    index: usize,
    (operator, key): (&str, &str),
    fill: &Fill,
) -> Option<(&'n Place, &'n Place)> {
    let statement = statements.get(index)?;
    let found = statement
        .conditions
        .iter()
        .find(|c| fill.text(&c.operator.value) == operator && fill.text(&c.key.value) == key);
    let found = found?;
    Some((&found.key.at, found.values.first().map_or(&found.key.at, |n| &n.at)))
}
