//! Intrinsic functions, as far as a template tells what they come to (CloudFormation User Guide, "Intrinsic function
//! reference"). What it does not tell is a symbol. A parameter is what another template gives it, or its default, where
//! it has one: that is what a stack gets when nobody says otherwise.

use std::cell::Cell;
use std::collections::BTreeMap;

use crate::limits::{FUNCTIONS, LETTERS, STEPS};
use crate::node::{Node, Value};
use crate::place::Said;
use crate::text::{Piece, Symbol, Text};

/// What whoever makes a stack gives its parameters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Given {
    /// By their names.
    pub(super) known: BTreeMap<String, Text>,
    /// Whether others are given too, and what is not known.
    pub(super) open: bool,
}

/// A template.
pub(super) struct Template<'a> {
    resources: Option<&'a Node>,
    parameters: Option<&'a Node>,
    conditions: Option<&'a Node>,
    given: Option<&'a Given>,
    /// Steps that are left for all of it: names that refer to each other have no end of their own.
    steps: Cell<usize>,
}

impl<'a> Template<'a> {
    pub(super) fn new(document: &'a Node) -> Self {
        let of = |name: &str| document.value.get(name);
        let (resources, parameters, conditions) = (of("Resources"), of("Parameters"), of("Conditions"));
        Self { resources, parameters, conditions, given: None, steps: Cell::new(STEPS) }
    }

    /// One whose stack is given parameters.
    pub(super) fn with(document: &'a Node, given: &'a Given) -> Self {
        Self { given: Some(given), ..Self::new(document) }
    }

    /// Whether a resource has a condition that is false in every stack. The default of a parameter decides none: the
    /// condition is there for the stacks that have another value.
    pub(super) fn is_never(&self, resource: &Node) -> bool {
        let name = resource.value.get("Condition").and_then(|n| n.value.text());
        name.and_then(|name| self.condition(name.known()?, FUNCTIONS)) == Some(false)
    }

    fn condition(&self, name: &str, left: usize) -> Option<bool> {
        self.truth(self.conditions?.value.get(name)?, left.checked_sub(1)?)
    }

    /// What a condition comes to, where all that decides it is written out (CloudFormation, "Condition functions").
    fn truth(&self, node: &Node, left: usize) -> Option<bool> {
        let left = left.checked_sub(1)?;
        self.steps.set(self.steps.get().checked_sub(1)?);
        let Value::Map(members) = &node.value else { return None };
        let [(name, argument)] = members.as_slice() else { return None };
        let items = argument.value.items();
        let each = || items.iter().map(|item| self.truth(item, left)).collect::<Vec<_>>();
        match name.value.known()? {
            "Condition" => self.condition(argument.value.text()?.known()?, left),
            "Fn::Equals" => {
                let [one, other] = items else { return None };
                let (one, other) = (one.value.text()?, other.value.text()?);
                Some(one.known()? == other.known()?)
            }
            "Fn::Not" => each().first().copied().flatten().map(|truth| !truth),
            // One that is false decides an `And`, one that is true an `Or`, whatever is not known of the others.
            name @ ("Fn::And" | "Fn::Or") => {
                let (settles, all) = (name == "Fn::Or", each());
                let decided = all.contains(&Some(settles));
                (decided || all.iter().all(Option::is_some)).then_some(decided == settles)
            }
            _ => None,
        }
    }

    /// Its resources with their logical ids.
    pub(super) fn resources(&self) -> impl Iterator<Item = (&'a str, &'a Node)> + use<'a> {
        let members = match self.resources.map(|n| &n.value) {
            Some(Value::Map(members)) => members.as_slice(),
            _ => &[],
        };
        members.iter().filter_map(|(id, resource)| Some((id.value.known()?, resource)))
    }

    fn resource(&self, id: &str) -> Option<(&'a str, &'a Node)> {
        self.resources().find(|(own, _)| *own == id)
    }

    /// A value as its functions make it.
    pub(super) fn resolved(&self, node: &Node) -> Node {
        self.value(node, FUNCTIONS)
    }

    /// A role's name: where none is given, one that is made for it.
    pub(super) fn name_of_role(&self, id: &str, role: &Node) -> Text {
        self.name(id, role, FUNCTIONS)
    }

    fn name(&self, id: &str, role: &Node, left: usize) -> Text {
        self.property(role, "RoleName", left)
            .and_then(|n| n.value.text())
            .unwrap_or_else(|| Text::unknown(format!("name of {id}")))
    }

    pub(super) fn arn_of_role(&self, id: &str, role: &Node) -> Text {
        self.arn(id, role, FUNCTIONS)
    }

    fn arn(&self, id: &str, role: &Node, left: usize) -> Text {
        let path = self.property(role, "Path", left).and_then(|n| n.value.text()).unwrap_or_else(|| "/".into());
        let mut arn = iam(":role");
        arn.push(path);
        arn.push(self.name(id, role, left));
        arn
    }

    fn property(&self, resource: &Node, name: &str, left: usize) -> Option<Node> {
        let node = resource.at_path(&["Properties", name]).ok()?;
        Some(self.value(node, left.checked_sub(1)?)).filter(|n| n.value != Value::Null)
    }

    fn value(&self, node: &Node, left: usize) -> Node {
        let steps = self.steps.get().saturating_sub(1);
        self.steps.set(steps);
        let Some(left) = left.checked_sub(1).filter(|_| steps > 0) else {
            return Said::new(Value::Unknown(Symbol("functions nested too deep".into())), node.at.clone());
        };
        let value = match &node.value {
            Value::Map(members) => match members.as_slice() {
                [(name, argument)] if is_function(name) => {
                    return self.function(name.value.known().unwrap_or_default(), argument, node, left);
                }
                _ => Value::Map(members.iter().map(|(key, n)| (key.clone(), self.value(n, left))).collect()),
            },
            Value::List(items) => {
                Value::List(items.iter().map(|n| self.value(n, left)).filter(|n| n.value != Value::Null).collect())
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Unknown(_) => node.value.clone(),
        };
        Said::new(value, node.at.clone())
    }

    fn function(&self, name: &str, argument: &Node, whole: &Node, left: usize) -> Node {
        let found = match name {
            "Ref" => {
                argument.value.text().and_then(|t| t.known().map(str::to_owned)).map(|id| self.reference(&id, left))
            }
            "Fn::GetAtt" => attribute(argument).map(|(id, name)| self.attribute(&id, &name, left)),
            "Fn::Sub" => self.substitute(argument, left).map(Value::Text),
            "Fn::Join" => self.join(argument, left).map(Value::Text),
            "Fn::Split" => self.split(argument, left),
            "Fn::Select" => self.select(argument, left),
            "Fn::If" => self.either(argument, left),
            _ => None,
        };
        // What is not followed is the same wherever it is written the same.
        let value = found.unwrap_or_else(|| Value::Unknown(Symbol(format!("{name} {}", shown(argument, 8)).into())));
        // The lines of a text are those of the text, and not of the function around it.
        let at = match (name, &argument.value) {
            ("Fn::Sub", Value::List(items)) => items.first().map_or(&whole.at, |n| &n.at),
            ("Fn::Sub", _) => &argument.at,
            _ => &whole.at,
        };
        Said::new(value, at.clone())
    }

    /// What a parameter is: as it is given, or else its default.
    fn parameter(&self, id: &str) -> Text {
        let given = self.given.and_then(|given| given.known.get(id));
        if let Some(given) = given.filter(|text| text.known() != Some("")) {
            return given.clone();
        }
        let default = || self.default(id).unwrap_or_else(|| Text::unknown(id));
        if given.is_some() || self.given.is_some_and(|given| given.open) { Text::unknown(id) } else { default() }
    }

    /// The default of a parameter (CloudFormation User Guide, "Parameters"): of those that are a text by themselves,
    /// for others name what stands elsewhere, or are several. An empty one means that there is none.
    fn default(&self, id: &str) -> Option<Text> {
        let parameter = self.parameters?.value.get(id)?;
        let kind = parameter.value.get("Type")?.value.text()?;
        let plain = matches!(kind.known(), Some("String" | "Number"));
        let default = parameter.value.get("Default").filter(|_| plain)?.value.text()?;
        (default.known() != Some("")).then_some(default)
    }

    /// A document that is written as a text in which functions fill in, with the places of what is written.
    pub(super) fn document(&self, node: &Node) -> Option<Node> {
        let Value::Map(members) = &node.value else { return None };
        let [(name, argument)] = members.as_slice() else { return None };
        if name.value.known() != Some("Fn::Sub") {
            return None;
        }
        let (text, own) = match argument.value.items() {
            [text, own, ..] => (text, Some(own)),
            [text] => (text, None),
            [] => (argument, None),
        };
        let written = crate::embedded::as_written(text.value.text()?.known()?, &text.at)?;
        Some(self.filled_in(&written, own))
    }

    fn filled_in(&self, node: &Node, own: Option<&Node>) -> Node {
        let text = |text: &Text| {
            let filled = text.known().and_then(|known| self.fill_in(known, own, FUNCTIONS));
            filled.unwrap_or_else(|| text.clone())
        };
        let value = match &node.value {
            Value::Text(known) => Value::Text(text(known)),
            Value::List(items) => Value::List(items.iter().map(|n| self.filled_in(n, own)).collect()),
            Value::Map(members) => {
                let one = |(key, n): &(Said<Text>, Node)| {
                    (Said::new(text(&key.value), key.at.clone()), self.filled_in(n, own))
                };
                Value::Map(members.iter().map(one).collect())
            }
            other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::Unknown(_)) => other.clone(),
        };
        Said::new(value, node.at.clone())
    }

    /// What `Ref` gives (CloudFormation, "Resource type reference", return values).
    fn reference(&self, id: &str, left: usize) -> Value {
        if id == "AWS::NoValue" {
            return Value::Null;
        }
        let Some((id, resource)) = self.resource(id) else {
            return Value::Text(self.parameter(id));
        };
        let text = match super::kind(resource).unwrap_or_default() {
            "AWS::IAM::Role" => self.name(id, resource, left),
            "AWS::IAM::OIDCProvider" | "Custom::AWSCDKOpenIdConnectProvider" => self.provider(resource, left),
            "AWS::EKS::Cluster" | "Custom::AWSCDK-EKS-Cluster" => {
                self.property(resource, "Name", left).and_then(|n| n.value.text()).unwrap_or_else(|| Text::unknown(id))
            }
            _ => Text::unknown(id),
        };
        Value::Text(text)
    }

    fn attribute(&self, id: &str, name: &str, left: usize) -> Value {
        let unknown = || Value::Text(Text::unknown(format!("{id}.{name}")));
        let Some((id, resource)) = self.resource(id) else { return unknown() };
        match (super::kind(resource).unwrap_or_default(), name) {
            ("AWS::IAM::Role", "Arn") => Value::Text(self.arn(id, resource, left)),
            ("AWS::IAM::OIDCProvider" | "Custom::AWSCDKOpenIdConnectProvider", "Arn") => {
                Value::Text(self.provider(resource, left))
            }
            ("AWS::EKS::Cluster" | "Custom::AWSCDK-EKS-Cluster", "OpenIdConnectIssuerUrl") => {
                Value::Text(issuer_of(id))
            }
            ("Custom::AWSCDK-EKS-Cluster", "OpenIdConnectIssuer") => Value::Text(bare(&issuer_of(id))),
            // CDK writes as a text what has unknown parts in its keys.
            ("Custom::AWSCDKCfnJson", "Value") => self
                .property(resource, "Value", left)
                .and_then(|n| crate::embedded::embedded(&n.value.text()?, &n.at))
                .map_or_else(unknown, |n| n.value),
            _ => unknown(),
        }
    }

    fn provider(&self, resource: &Node, left: usize) -> Text {
        let url = self.property(resource, "Url", left).and_then(|n| n.value.text());
        arn_of_provider(&url.unwrap_or_else(|| Text::unknown("the provider's URL")))
    }

    fn substitute(&self, argument: &Node, left: usize) -> Option<Text> {
        let (text, own) = match &argument.value {
            Value::List(items) => (items.first()?.value.text()?, items.get(1)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Map(_) | Value::Unknown(_) => {
                (argument.value.text()?, None)
            }
        };
        self.fill_in(text.known()?, own, left)
    }

    fn fill_in(&self, text: &str, own: Option<&Node>, left: usize) -> Option<Text> {
        let mut rest = text;
        let mut out = Text::default();
        while let Some((before, after)) = rest.split_once("${") {
            let (name, after) = after.split_once('}')?;
            out.push(before.into());
            rest = after;
            // `${!Literal}` stands for `${Literal}`.
            if let Some(literal) = name.strip_prefix('!') {
                out.push(format!("${{{literal}}}").into());
                continue;
            }
            let name = name.trim();
            let given = own.and_then(|o| o.value.get(name));
            let value = match (given, name.split_once('.')) {
                (Some(node), _) => self.value(node, left).value,
                (None, Some((id, attribute))) => self.attribute(id, attribute, left),
                (None, None) => self.reference(name, left),
            };
            out.push(value.text().unwrap_or_else(|| Text::unknown(name)));
            if letters(&out) > LETTERS {
                return None;
            }
        }
        out.push(rest.into());
        Some(out)
    }

    fn join(&self, argument: &Node, left: usize) -> Option<Text> {
        let [delimiter, list] = argument.value.items() else { return None };
        let delimiter = delimiter.value.text()?;
        let list = self.value(list, left);
        let Value::List(items) = &list.value else { return None };
        let mut out = Text::default();
        for (n, item) in items.iter().enumerate() {
            if n > 0 {
                out.push(delimiter.clone());
            }
            out.push(item.value.text()?);
            if letters(&out) > LETTERS {
                return None;
            }
        }
        Some(out)
    }

    fn split(&self, argument: &Node, left: usize) -> Option<Value> {
        let [delimiter, text] = argument.value.items() else { return None };
        let delimiter = delimiter.value.text()?;
        let (delimiter, node) = (delimiter.known().filter(|d| !d.is_empty())?, self.value(text, left));
        let mut parts = vec![Text::default()];
        for piece in node.value.text()?.pieces() {
            match piece {
                // An unknown part is taken for one that holds no delimiter: with one the index would mean another part.
                Piece::Unknown(symbol) => parts.last_mut()?.push(Text::unknown(symbol.0.clone())),
                Piece::Known(known) => {
                    for (n, part) in known.split(delimiter).enumerate() {
                        if n > 0 {
                            parts.push(Text::default());
                        }
                        parts.last_mut()?.push(part.into());
                    }
                }
            }
        }
        Some(Value::List(parts.into_iter().map(|p| Said::new(Value::Text(p), node.at.clone())).collect()))
    }

    fn select(&self, argument: &Node, left: usize) -> Option<Value> {
        let [index, list] = argument.value.items() else { return None };
        let index: usize = index.value.text()?.known()?.parse().ok()?;
        let list = self.value(list, left);
        // Of a text that is wholly unknown the part is unknown too, and the same wherever it is asked for.
        list.value.items().get(index).map(|n| n.value.clone())
    }

    fn either(&self, argument: &Node, left: usize) -> Option<Value> {
        let [condition, yes, no] = argument.value.items() else { return None };
        let (yes, no) = (self.value(yes, left).value, self.value(no, left).value);
        if yes == no {
            return Some(yes);
        }
        let name = condition.value.text()?;
        Some(Value::Unknown(Symbol(format!("Fn::If {name} {}", shown(argument, 8)).into())))
    }
}

fn is_function(name: &Said<Text>) -> bool {
    name.value.known().is_some_and(|n| n == "Ref" || n.starts_with("Fn::"))
}

/// Id and name of an attribute, as a list or as one text.
fn attribute(argument: &Node) -> Option<(String, String)> {
    let known = |n: &Node| n.value.text().and_then(|t| t.known().map(str::to_owned));
    match argument.value.items() {
        [id, name] => Some((known(id)?, known(name)?)),
        _ => known(argument)?.split_once('.').map(|(id, name)| (id.to_owned(), name.to_owned())),
    }
}

/// A value in short, by which two that are written the same are the same.
fn shown(node: &Node, depth: usize) -> String {
    let Some(depth) = depth.checked_sub(1) else { return "…".to_owned() };
    match &node.value {
        Value::Null => "null".to_owned(),
        Value::Bool(truth) => truth.to_string(),
        Value::Number(number) => number.clone(),
        Value::Text(text) => text.to_string(),
        Value::Unknown(Symbol(expression)) => expression.to_string(),
        Value::List(items) => items.iter().map(|n| shown(n, depth)).collect::<Vec<_>>().join(", "),
        Value::Map(members) => {
            members.iter().map(|(k, n)| format!("{}({})", k.value, shown(n, depth))).collect::<Vec<_>>().join(", ")
        }
    }
}

fn letters(text: &Text) -> usize {
    text.pieces().iter().map(|p| if let Piece::Known(known) = p { known.len() } else { 1 }).sum()
}

/// `arn:PARTITION:iam::ACCOUNT` and what follows.
fn iam(resource: &str) -> Text {
    let parts = [
        Text::from("arn:"),
        Text::unknown("AWS::Partition"),
        ":iam::".into(),
        Text::unknown("AWS::AccountId"),
        resource.into(),
    ];
    parts.into_iter().collect()
}

/// The ARN of a provider of this URL.
pub(super) fn arn_of_provider(url: &Text) -> Text {
    let mut arn = iam(":oidc-provider/");
    arn.push(bare(url));
    arn
}

/// The issuer of a cluster: an address that EKS makes.
pub(super) fn issuer_of(id: &str) -> Text {
    [Text::from("https://"), Text::unknown(format!("{id}.OpenIdConnectIssuerUrl without https://"))]
        .into_iter()
        .collect()
}

/// A URL without its scheme.
pub(super) fn bare(url: &Text) -> Text {
    let mut out = Text::default();
    for (n, piece) in url.pieces().iter().enumerate() {
        match piece {
            Piece::Known(known) if n == 0 => out.push(known.strip_prefix("https://").unwrap_or(known).into()),
            Piece::Known(known) => out.push(known.as_str().into()),
            Piece::Unknown(symbol) => out.push(Text::unknown(symbol.0.clone())),
        }
    }
    out
}
