//! What kustomizations change of manifests: namespace, prefix and suffix, and the annotations of service accounts
//! (Kustomize, "kustomization file").
//!
//! A manifest means what its outermost kustomization makes of it; where several take it in and differ, the changed part
//! is not known.

mod patches;

use std::collections::{BTreeMap, BTreeSet};

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
    /// What it puts on service accounts.
    patched: patches::Patched,
}

/// Whether a document is a list of operations on another (RFC 6902).
pub(crate) fn is_operations(document: &Node) -> bool {
    let operation = |n: &Node| n.value.get("op").is_some() && n.value.get("path").is_some();
    document.value.items().first().is_some_and(operation)
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
        patched: patches::read(&folder, document),
        folder,
    }
}

/// A path from a folder; nothing for one that leads out of the checkout, or is an address.
fn joined(folder: &str, path: &str) -> Option<String> {
    if path.contains("://") {
        return None;
    }
    trustwalk_foreign::path::joined(folder, path)
}

/// What becomes of a name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Change {
    namespace: Option<Text>,
    prefix: Text,
    suffix: Text,
}

/// Manifests as the kustomizations make them. The operations are those of files of their own, by their paths.
pub(crate) fn apply(all: &mut [Kustomization], operations: &BTreeMap<String, Node>, declared: &mut Declared) {
    if all.is_empty() {
        return;
    }
    for one in all.iter_mut() {
        for (path, target) in std::mem::take(&mut one.patched.files) {
            if let Some(list) = operations.get(&path) {
                patches::operations(list, target.as_ref(), &mut one.patched);
            }
        }
    }
    // Of an account that several take in, what each of them makes of it stands for it.
    declared.accounts.retain(|account| {
        let path = &account.from.at.path;
        let patched = |k: &Kustomization| k.patched.accounts.iter().any(|a| a.name.value == account.name.value);
        let ours =
            |(key, _): &(Said<Text>, Said<Text>)| key.value.known().is_some_and(|k| k.contains("amazonaws.com/"));
        let bare = account.from.format == Format::Kubernetes && !account.annotations.iter().any(ours);
        let stood_for = || all.iter().any(|k| patched(k) && is_in(all, path, k));
        !(bare && changes(all, path).len() > 1 && stood_for())
    });
    for one in all.iter_mut() {
        declared.accounts.append(&mut one.patched.accounts);
        declared.unread.append(&mut one.patched.unread);
    }
    for many in all.iter().filter(|k| !k.patched.of_many.is_empty()) {
        for account in declared.accounts.iter_mut().filter(|a| a.from.format == Format::Kubernetes) {
            if is_in(all, &account.from.at.path, many) {
                account.annotations.extend(many.patched.of_many.iter().cloned());
            }
        }
    }
    // The namespace of a release that a kustomization takes in is that which it gives.
    for account in declared.accounts.iter_mut().filter(|a| a.from.format == Format::HelmRelease) {
        let changes = changes(all, &account.from.at.path);
        account.namespace = namespace(&changes, account.namespace.take(), &account.name);
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

impl Kustomization {
    /// Whether it takes a path in, or is what stands there.
    pub(crate) fn takes(&self, path: &str) -> bool {
        let own = || is_one(path) && path.rsplit_once('/').map_or("", |(folder, _)| folder) == self.folder;
        self.takes.contains(path) || own()
    }
}

/// Whether a path is taken in by one, or by one that it takes in, or beside it: a component changes what its user
/// takes in.
fn is_in(all: &[Kustomization], path: &str, one: &Kustomization) -> bool {
    let users: BTreeSet<&str> =
        all.iter().filter(|k| k.takes.contains(&one.folder)).map(|k| k.folder.as_str()).collect();
    let (mut seen, mut left) = (BTreeSet::new(), vec![path]);
    while let Some(path) = left.pop() {
        for taker in all.iter().filter(|k| k.takes(path)) {
            if taker.folder == one.folder || users.contains(taker.folder.as_str()) {
                return true;
            }
            if seen.insert(taker.folder.as_str()) {
                left.push(&taker.folder);
            }
        }
    }
    false
}

/// Follows those that take a path in, to the outermost.
fn outwards(all: &[Kustomization], path: &str, so_far: &Change, levels: usize, out: &mut Vec<Change>) {
    let mut taken = false;
    for one in all.iter().filter(|k| k.takes(path)) {
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
