//! Functions of lists and sets.

use crate::eval::{distinct, same};
use crate::source::Spot;
use crate::value::{Kind, Val};

use super::{Outcome, fault};

pub(super) fn call(name: &str, args: &[Val], at: Spot) -> Outcome {
    match (name, args) {
        ("concat", lists) => {
            let all: Option<Vec<&[Val]>> = lists.iter().map(Val::as_list).collect();
            Some(Val::list(all?.concat(), at))
        }
        ("flatten", [list]) => {
            let mut flat = Vec::new();
            flatten(list.as_list()?, &mut flat)?;
            Some(Val::list(flat, at))
        }
        ("toset" | "distinct", [list]) if list.as_list().is_some() => toset(name, list),
        ("tolist" | "toset", [list]) => match list.kind {
            Kind::List(_) | Kind::Null => Some(list.clone()),
            _ => None,
        },
        ("element", [list, index]) => element(list.as_list()?, index.as_integer()?, args, at),
        ("length", [value]) => match &value.kind {
            Kind::List(items) => Some(Val::number(items.len(), at)),
            Kind::Map(members) => Some(Val::number(members.len(), at)),
            Kind::Text(_) => value.known_text().map(|text| Val::number(text.chars().count(), at)),
            _ => None,
        },
        ("one", [list]) => match list.as_list()? {
            [] => Some(Val::null(at)),
            [only] => Some(only.clone()),
            _ => fault(name, args, at),
        },
        ("coalesce", values) => coalesce(values, args, at),
        ("coalescelist", lists) => {
            for list in lists {
                match list.as_list() {
                    Some([]) => {}
                    Some(_) => return Some(list.clone()),
                    None if list.is_null() => {}
                    None => return None,
                }
            }
            fault(name, args, at)
        }
        ("compact", [list]) => compact(list, at),
        ("contains", [list, wanted]) => contains(list.as_list()?, wanted, at),
        ("index", [list, wanted]) => {
            for (number, item) in list.as_list()?.iter().enumerate() {
                if same(item, wanted)? {
                    return Some(Val::number(number, at));
                }
            }
            fault(name, args, at)
        }
        ("slice", [list, from, to]) => {
            let (from, to) = (usize::try_from(from.as_integer()?).ok()?, usize::try_from(to.as_integer()?).ok()?);
            match list.as_list()?.get(from..to) {
                Some(items) => Some(Val::list(items.to_vec(), at)),
                None => fault(name, args, at),
            }
        }
        ("reverse", [list]) => Some(Val::list(list.as_list()?.iter().rev().cloned().collect(), at)),
        ("sort", [list]) => sort(list, at),
        ("range", numbers) => range(numbers, at),
        ("setproduct", lists) => setproduct(lists, at),
        ("alltrue", [list]) => every(list, true, at),
        ("anytrue", [list]) => every(list, false, at),
        ("max" | "min", numbers) => {
            let all: Option<Vec<i64>> = numbers.iter().map(Val::as_integer).collect();
            let found = if name == "max" { all?.into_iter().max()? } else { all?.into_iter().min()? };
            Some(Val::number(found, at))
        }
        _ => sets(name, args, at),
    }
}

fn sets(name: &str, args: &[Val], at: Spot) -> Outcome {
    match (name, args) {
        ("setunion", lists) => {
            let all: Option<Vec<&[Val]>> = lists.iter().map(Val::as_list).collect();
            Some(Val::list(distinct(&all?.concat()), at))
        }
        ("setsubtract" | "setintersection", [one, two]) => {
            let mut kept = Vec::new();
            for item in one.as_list()? {
                let there = contains(two.as_list()?, item, at)?.as_bool()?;
                if there == (name == "setintersection") {
                    kept.push(item.clone());
                }
            }
            Some(Val::list(kept, at))
        }
        _ => None,
    }
}

/// A set; of items that are not known it is not known which are the same.
fn toset(name: &str, list: &Val) -> Outcome {
    let items = list.as_list()?;
    if name == "toset" {
        return Some(Val::list(distinct(items), list.at));
    }
    let mut kept: Vec<Val> = Vec::new();
    for item in items {
        if !kept.iter().any(|known| same(known, item) == Some(true)) {
            kept.push(item.clone());
        }
    }
    Some(Val::list(kept, list.at))
}

fn flatten(items: &[Val], flat: &mut Vec<Val>) -> Option<()> {
    for item in items {
        match &item.kind {
            Kind::List(inner) => flatten(inner, flat)?,
            Kind::Unknown(sym) if sym.chars == crate::value::Chars::Any => return None,
            _ => flat.push(item.clone()),
        }
    }
    Some(())
}

/// Counts on from the beginning where the list is shorter, as Terraform does.
fn element(items: &[Val], index: i64, args: &[Val], at: Spot) -> Outcome {
    let length = i64::try_from(items.len()).ok()?;
    let Some(index) = index.checked_rem_euclid(length) else { return fault("element", args, at) };
    items.get(usize::try_from(index).ok()?).cloned()
}

/// The first that is neither null nor an empty text.
fn coalesce(values: &[Val], args: &[Val], at: Spot) -> Outcome {
    for value in values {
        match &value.kind {
            Kind::Null => {}
            Kind::Text(rope) if rope.segs().is_empty() => {}
            Kind::Text(rope) if rope.length() > 0 => return Some(value.clone()),
            Kind::Unknown(sym) if sym.sure => return Some(value.clone()),
            Kind::Unknown(_) | Kind::Text(_) => return None,
            _ => return Some(value.clone()),
        }
    }
    fault("coalesce", args, at)
}

fn compact(list: &Val, at: Spot) -> Outcome {
    let mut kept = Vec::new();
    for item in list.as_list()? {
        match &item.kind {
            Kind::Null => {}
            Kind::Text(rope) if rope.segs().is_empty() => {}
            Kind::Unknown(sym) if !sym.sure => return None,
            _ => kept.push(item.clone()),
        }
    }
    Some(Val::list(kept, at))
}

fn contains(items: &[Val], wanted: &Val, at: Spot) -> Outcome {
    let mut known = true;
    for item in items {
        match same(item, wanted) {
            Some(true) => return Some(Val::bool(true, at)),
            Some(false) => {}
            None => known = false,
        }
    }
    known.then(|| Val::bool(false, at))
}

fn sort(list: &Val, at: Spot) -> Outcome {
    let texts: Option<Vec<(String, Val)>> =
        list.as_list()?.iter().map(|item| item.known_text().map(|text| (text, item.clone()))).collect();
    let mut texts = texts?;
    texts.sort_by(|one, two| one.0.cmp(&two.0));
    Some(Val::list(texts.into_iter().map(|(_, item)| item).collect(), at))
}

fn range(numbers: &[Val], at: Spot) -> Outcome {
    let all: Option<Vec<i64>> = numbers.iter().map(Val::as_integer).collect();
    let (from, to) = match all?.as_slice() {
        [to] => (0, *to),
        [from, to] => (*from, *to),
        _ => return None,
    };
    let count = to.checked_sub(from)?;
    let most = i64::try_from(crate::bounds::MAX_INSTANCES).ok()?;
    (count <= most).then(|| Val::list((from..to).map(|number| Val::number(number, at)).collect(), at))
}

fn setproduct(lists: &[Val], at: Spot) -> Outcome {
    let mut rows: Vec<Vec<Val>> = vec![Vec::new()];
    for list in lists {
        let items = list.as_list()?;
        if rows.len().saturating_mul(items.len()) > crate::bounds::MAX_INSTANCES {
            return None;
        }
        rows = rows
            .into_iter()
            .flat_map(|row| items.iter().map(move |item| row.iter().chain([item]).cloned().collect()))
            .collect();
    }
    Some(Val::list(rows.into_iter().map(|row| Val::list(row, at)).collect(), at))
}

fn every(list: &Val, wanted: bool, at: Spot) -> Outcome {
    let mut known = true;
    for item in list.as_list()? {
        match item.as_bool() {
            Some(truth) if truth != wanted => return Some(Val::bool(!wanted, at)),
            Some(_) => {}
            None => known = false,
        }
    }
    known.then(|| Val::bool(wanted, at))
}
