//! Which identities of a bundle are asked for.

use trustwalk_collect::{CollectError, Likely, Words, near, parse_targets};
use trustwalk_core::evidence::{Evidence, Target};

use crate::args::TargetArgs;

/// Of a bundle, those that are asked for, by kind, name and namespace.
pub(super) fn of_bundle(all: Vec<Evidence>, target: &TargetArgs) -> anyhow::Result<Vec<Evidence>> {
    // Of a bundle all namespaces are meant where none is named.
    let words = parse_targets(&target.target, target.namespace.as_deref().unwrap_or("default"))?;
    let inside = |namespace: &str| target.namespace.as_deref().is_none_or(|wanted| wanted == namespace);
    let object = |e: &Evidence| match &e.target {
        Target::Workload { resource, namespace, name } => {
            Some((resource.to_lowercase(), namespace.clone(), name.clone()))
        }
        Target::ServiceAccount { namespace, name } => {
            Some(("serviceaccount".to_owned(), namespace.clone(), name.clone()))
        }
        Target::Role { .. } | Target::Issuer { .. } | Target::Job { .. } | Target::Log { .. } => None,
    };
    let fits = |e: &Evidence, kind: &str, name: Option<&str>| {
        object(e).is_some_and(|(k, ns, n)| k.eq_ignore_ascii_case(kind) && inside(&ns) && name.is_none_or(|w| w == n))
    };
    let objects = match words {
        Words::None if target.namespace.is_none() => return Ok(all),
        Words::None => {
            let has = all.iter().any(|e| object(e).is_some_and(|(_, ns, _)| inside(&ns)));
            let name = target.namespace.clone().unwrap_or_default();
            let namespaces: Vec<String> = all.iter().filter_map(|e| object(e).map(|(_, ns, _)| ns)).collect();
            if !has {
                let near = near::like(namespaces.iter().map(String::as_str), &name);
                return Err(gone(format!("namespace {name}"), near.into_iter().map(|n| Likely::new("-n {}", &[n]))));
            }
            return Ok(all.into_iter().filter(|e| object(e).is_some_and(|(_, ns, _)| inside(&ns))).collect());
        }
        Words::Kinds(kinds) => {
            let wanted = |e: &Evidence| kinds.iter().any(|kind| fits(e, kind.kind, None));
            return Ok(all.into_iter().filter(wanted).collect());
        }
        Words::Named { name, .. } => {
            // A namespace that stands before it is meant, as one of `-n`.
            let before = target.target.first().and_then(|word| word.split_once('/')).map(|(ns, _)| ns);
            let there = |e: &Evidence| object(e).filter(|(_, ns, _)| inside(ns) && before.is_none_or(|b| b == ns));
            let known: Vec<String> = all.iter().filter_map(|e| there(e).map(|(_, _, n)| n)).collect();
            if !known.contains(&name) {
                let near = near::like(known.iter().map(String::as_str), &name);
                let near: Vec<Likely> = near.into_iter().map(|n| Likely::new("{}", &[n])).collect();
                return Err(gone(["a workload named ", &name].concat(), near.into_iter()));
            }
            return Ok(all.into_iter().filter(|e| there(e).is_some_and(|(_, _, n)| n == name)).collect());
        }
        Words::Objects(objects) => objects,
    };
    for one in &objects {
        if all.iter().any(|e| fits(e, one.resource.kind, Some(&one.name))) {
            continue;
        }
        let kind = one.resource.kind.to_lowercase();
        let there: Vec<(String, String)> =
            all.iter().filter_map(object).filter(|(k, _, _)| *k == kind).map(|(_, ns, n)| (ns, n)).collect();
        let near = near::like(there.iter().map(|(_, n)| n.as_str()), &one.name);
        let likely = |name: &&str| {
            let (namespace, name) = there.iter().find(|(_, n)| n == name)?;
            Some(Likely::new("{} -n {}", &[&[&kind, "/", name].concat(), namespace]))
        };
        return Err(gone([&kind, "/", &one.name].concat(), near.iter().filter_map(likely)));
    }
    let wanted = |e: &Evidence| objects.iter().any(|one| fits(e, one.resource.kind, Some(&one.name)));
    Ok(all.into_iter().filter(wanted).collect())
}

fn gone(what: String, near: impl Iterator<Item = Likely>) -> anyhow::Error {
    let within = " in the bundle".to_owned();
    CollectError::Gone { what, within, near: near.collect(), list: None }.into()
}
