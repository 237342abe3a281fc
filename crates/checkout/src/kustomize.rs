//! What kustomizations change of the names in manifests: namespace, prefix and suffix (Kustomize, "kustomization
//! file").
//!
//! A manifest means what its outermost kustomization makes of it; where several take it in and differ, the changed part
//! is not known.

use std::collections::BTreeSet;

use crate::declared::{Declared, Format};
use crate::node::Node;
use crate::place::Said;
use crate::text::Text;

/// Ways from a file to the outermost kustomizations that are followed.
const WAYS: usize = 64;
/// Kustomizations in kustomizations.
const LEVELS: usize = 12;

/// What one kustomization says of names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Kustomization {
    /// Its folder.
    folder: String,
    /// Files and folders that it takes in, from the root.
    takes: BTreeSet<String>,
    namespace: Option<Text>,
    prefix: Option<Text>,
    suffix: Option<Text>,
}

/// Whether a file is one, by its name.
pub(crate) fn is_one(path: &str) -> bool {
    matches!(path.rsplit('/').next(), Some("kustomization.yaml" | "kustomization.yml" | "Kustomization"))
}

/// Reads one.
pub(crate) fn read(path: &str, document: &Node) -> Kustomization {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
    let named = ["resources", "bases", "components", "patchesStrategicMerge"];
    let listed = named.iter().filter_map(|name| document.value.get(name)).flat_map(|n| n.value.items());
    let patches = document.value.get("patches").map(|n| n.value.items()).unwrap_or_default();
    let patches = patches.iter().filter_map(|p| p.value.get("path"));
    let takes = listed.chain(patches).filter_map(|n| Some(joined(&folder, n.value.text()?.known()?)));
    let text = |name: &str| document.value.get(name).and_then(|n| n.value.text());
    Kustomization {
        takes: takes.flatten().collect(),
        namespace: text("namespace"),
        prefix: text("namePrefix"),
        suffix: text("nameSuffix"),
        folder,
    }
}

/// A path from a folder; nothing for one that leads out of the checkout, or is an address.
fn joined(folder: &str, path: &str) -> Option<String> {
    if path.contains("://") {
        return None;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|p| !p.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

/// What becomes of a name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Change {
    namespace: Option<Text>,
    prefix: Text,
    suffix: Text,
}

/// Names as the kustomizations make them.
pub(crate) fn apply(all: &[Kustomization], declared: &mut Declared) {
    if all.is_empty() {
        return;
    }
    for account in declared.accounts.iter_mut().filter(|a| a.from.format == Format::Kubernetes) {
        let changes = changes(all, &account.from.at.path);
        account.namespace = namespace(&changes, account.namespace.take(), &account.name);
        account.name.value = name(&changes, &account.name.value);
    }
    for workload in &mut declared.workloads {
        let changes = changes(all, &workload.from.at.path);
        workload.namespace = namespace(&changes, workload.namespace.take(), &workload.name);
        workload.name.value = name(&changes, &workload.name.value);
        // An account that no file declares keeps its name, `default` first of all.
        if declared.accounts.iter().any(|a| a.name.value == name(&changes, &workload.account.value)) {
            workload.account.value = name(&changes, &workload.account.value);
        }
    }
}

fn changes(all: &[Kustomization], path: &str) -> Vec<Change> {
    let mut out = Vec::new();
    outwards(all, path, &Change::default(), LEVELS, &mut out);
    out.dedup();
    out
}

/// Follows those that take a path in, to the outermost.
fn outwards(all: &[Kustomization], path: &str, so_far: &Change, levels: usize, out: &mut Vec<Change>) {
    let mut taken = false;
    for one in all.iter().filter(|k| k.takes.contains(path)) {
        if out.len() >= WAYS || levels == 0 {
            return;
        }
        taken = true;
        let change = Change {
            namespace: one.namespace.clone().or_else(|| so_far.namespace.clone()),
            prefix: [one.prefix.clone().unwrap_or_default(), so_far.prefix.clone()].into_iter().collect(),
            suffix: [so_far.suffix.clone(), one.suffix.clone().unwrap_or_default()].into_iter().collect(),
        };
        outwards(all, &one.folder, &change, levels - 1, out);
    }
    if !taken && *so_far != Change::default() {
        out.push(so_far.clone());
    }
}

fn namespace(changes: &[Change], own: Option<Said<Text>>, name: &Said<Text>) -> Option<Said<Text>> {
    let mut told: Vec<&Text> = changes.iter().filter_map(|c| c.namespace.as_ref()).collect();
    told.dedup();
    match told.as_slice() {
        [] => own,
        [only] => Some(Said::new((*only).clone(), own.map_or_else(|| name.at.clone(), |o| o.at))),
        _ => {
            let unknown = Text::unknown("the namespace that a kustomization gives");
            Some(Said::new(unknown, own.map_or_else(|| name.at.clone(), |o| o.at)))
        }
    }
}

fn name(changes: &[Change], own: &Text) -> Text {
    let mut told: Vec<Text> =
        changes.iter().map(|c| [c.prefix.clone(), own.clone(), c.suffix.clone()].into_iter().collect()).collect();
    told.dedup();
    match told.as_slice() {
        [] => own.clone(),
        [only] => only.clone(),
        _ => Text::unknown(format!("the name that a kustomization makes of {own}")),
    }
}
