//! Functions of maps.

use crate::eval::sorted;
use crate::rope::Rope;
use crate::source::Spot;
use crate::value::{Key, Val};

use super::{Outcome, fault};

pub(super) fn call(name: &str, args: &[Val], at: Spot) -> Outcome {
    match (name, args) {
        ("merge", maps) => merge(maps, at),
        ("keys", [map]) => {
            let keys = sorted(map.as_map()?).into_iter().map(|(key, _)| Val::rope(key.name, key.at));
            Some(Val::list(keys.collect(), at))
        }
        ("values", [map]) => Some(Val::list(sorted(map.as_map()?).into_iter().map(|(_, value)| value).collect(), at)),
        ("lookup", [map, key, default @ ..]) => {
            let members = map.as_map()?;
            let key = key.known_text()?;
            match (map.get(&key), default.first()) {
                (Some(value), _) => Some(value.clone()),
                (None, _) if members.iter().any(|(key, _)| key.name.known().is_none()) => None,
                (None, Some(default)) => Some(default.clone()),
                (None, None) => fault(name, args, at),
            }
        }
        ("tomap", [map]) => map.as_map().map(|_| map.clone()),
        ("zipmap", [keys, values]) => {
            let (keys, values) = (keys.as_list()?, values.as_list()?);
            let members: Option<Vec<(Key, Val)>> = keys
                .iter()
                .zip(values)
                .map(|(key, value)| key.as_rope().map(|name| (Key { name, at: key.at }, value.clone())))
                .collect();
            if keys.len() == values.len() { Some(Val::map(members?, at)) } else { fault(name, args, at) }
        }
        ("transpose", [map]) => transpose(map, at),
        _ => None,
    }
}

/// The last of each name; a null is as if it were not there.
fn merge(maps: &[Val], at: Spot) -> Outcome {
    let mut all: Vec<(Key, Val)> = Vec::new();
    for map in maps {
        if map.is_null() {
            continue;
        }
        for (key, value) in map.as_map()? {
            match all.iter_mut().find(|(known, _)| known.name.same(&key.name)) {
                Some(known) => *known = (key.clone(), value.clone()),
                None => all.push((key.clone(), value.clone())),
            }
        }
    }
    Some(Val::map(all, at))
}

fn transpose(map: &Val, at: Spot) -> Outcome {
    let mut all: Vec<(Key, Vec<Val>)> = Vec::new();
    for (key, values) in sorted(map.as_map()?) {
        for value in values.as_list()? {
            let name: Rope = value.as_rope()?;
            let item = Val::rope(key.name.clone(), key.at);
            match all.iter_mut().find(|(known, _)| known.name.same(&name)) {
                Some((_, items)) => items.push(item),
                None => all.push((Key { name, at: value.at }, vec![item])),
            }
        }
    }
    Some(Val::map(all.into_iter().map(|(key, items)| (key, Val::list(items, at))).collect(), at))
}
