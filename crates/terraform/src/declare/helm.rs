//! Service accounts that a Helm release makes, as far as its values tell.

use trustwalk_checkout::{Account, Said, Text};

use crate::eval::Eval;
use crate::rope::Rope;
use crate::source::Spot;
use crate::value::{Key, Val};

use super::{Declare, Seen};

/// How deep in its values a chart's service accounts are looked for.
const DEEP: usize = 6;

/// A key that says that annotations are for identities on AWS.
const ROLE_ANNOTATION: &str = "eks.amazonaws.com/role-arn";

impl Declare<'_, '_> {
    pub(super) fn release(&mut self, seen: &Seen) {
        let mut values: Vec<Val> = Vec::new();
        let documents = self.given(seen, "values");
        for document in documents.as_ref().and_then(Val::as_list).unwrap_or_default() {
            values.extend(self.documents_of(document));
        }
        for name in ["set", "set_sensitive", "set_list"] {
            let set = self.given(seen, name);
            for block in set.as_ref().and_then(Val::as_list).unwrap_or_default() {
                let name = block.get("name");
                if let (Some(path), Some(value)) = (name.and_then(Val::as_rope), block.get("value")) {
                    values.extend(nested(&path, value, name.map_or(value.at, |name| name.at)));
                }
            }
        }
        let mut all = Val::map(Vec::new(), seen.at);
        for value in values {
            all = laid_over(&all, value);
        }
        let mut found = Vec::new();
        look(&all, DEEP, &mut found);
        for (account, at) in found {
            self.chart_account(seen, &account, at);
        }
    }

    fn chart_account(&mut self, seen: &Seen, values: &Val, at: Spot) {
        let name = if let Some(name) = values.get("name").filter(|name| !name.is_null()) {
            self.said(name)
        } else {
            // The chart makes one of the release's name.
            let symbol = format!("{}: service account's name", seen.from.address);
            Said::new(Text::unknown(symbol), self.place(at))
        };
        let namespace = match self.given(seen, "namespace") {
            Some(namespace) => self.said(&namespace),
            None => Said::new("default".into(), self.place(seen.at)),
        };
        let account = Account {
            from: seen.from.clone(),
            cluster: self.cluster_name(seen),
            namespace: Some(namespace),
            name,
            annotations: self.pairs(values.get("annotations")),
        };
        self.out.accounts.push(account);
    }
}

/// Values whose annotations are for AWS, wherever the chart keeps them.
fn look(values: &Val, deep: usize, found: &mut Vec<(Val, Spot)>) {
    let annotated = values.get("annotations").and_then(Val::as_map).unwrap_or_default();
    if annotated.iter().any(|(key, _)| key.name.known().as_deref() == Some(ROLE_ANNOTATION)) {
        found.push((values.clone(), values.at));
    }
    if deep > 0 {
        for (_, inner) in values.as_map().unwrap_or_default() {
            look(inner, deep - 1, found);
        }
    }
}

/// `a.b\.c` with a value as nested maps: a dot after a backslash is part of the name
/// (<https://helm.sh/docs/intro/using_helm/#the-format-and-limitations-of---set>). The maps stand where the name does:
/// a value may come from anywhere, such as from the role that it refers to.
fn nested(path: &Rope, value: &Val, at: Spot) -> Option<Val> {
    let known = path.known()?;
    let mut names = vec![String::new()];
    let mut escaped = false;
    for c in known.chars() {
        match c {
            '\\' if !escaped => {
                escaped = true;
                continue;
            }
            '.' if !escaped => names.push(String::new()),
            c => names.last_mut()?.push(c),
        }
        escaped = false;
    }
    if names.len() > DEEP * 2 {
        return None;
    }
    Some(names.iter().rev().fold(value.clone(), |inner, name| Val::map(vec![(Eval::named_key(name, at), inner)], at)))
}

/// Values laid over others, as Helm does: maps member by member, anything else as a whole.
fn laid_over(under: &Val, over: Val) -> Val {
    let (Some(_), Some(more)) = (under.as_map(), over.as_map()) else { return over };
    let mut members: Vec<(Key, Val)> = under.as_map().unwrap_or_default().to_vec();
    for (key, value) in more {
        match members.iter_mut().find(|(known, _)| known.name.same(&key.name)) {
            Some((_, known)) => *known = laid_over(known, value.clone()),
            None => members.push((key.clone(), value.clone())),
        }
    }
    Val::map(members, over.at)
}
