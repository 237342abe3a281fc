//! What a kustomization changes of a service account in place: patches that stand in it or in a file of operations,
//! replacements, and charts whose values stand in it (Kustomize, "kustomization file": `patches`, `replacements`,
//! `helmCharts`; RFC 6902).
//!
//! A patch is read as a part of the account that it names, whose annotations are laid over the manifest's. What it puts
//! there by way of something else is a symbol.

use crate::declared::{Account, Declared, Format, Identity, Unread};
use crate::eksctl::ROLE_ANNOTATION;
use crate::embedded::documents;
use crate::helm::{self, Release};
use crate::kubernetes::{self, text, texts};
use crate::node::{Node, Value};
use crate::place::{Place, Said};
use crate::text::Text;

/// Where annotations stand, as a JSON pointer.
const ANNOTATIONS: &str = "/metadata/annotations";

/// What a kustomization puts on service accounts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Patched {
    /// Parts of accounts that are named.
    pub(crate) accounts: Vec<Account>,
    /// Annotations for every account that it takes in whose name a pattern fits, or for each where none is told.
    pub(crate) of_many: Vec<(Said<Text>, Said<Text>)>,
    /// Files of operations, and for whom they are.
    pub(crate) files: Vec<(String, Option<Node>)>,
    /// What was not followed.
    pub(crate) unread: Vec<Unread>,
}

/// Reads what stands in a kustomization.
pub(super) fn read(folder: &str, document: &Node) -> Patched {
    let mut out = Patched::default();
    let each = |name: &str| document.value.get(name).map(|n| n.value.items()).unwrap_or_default();
    for patch in each("patches").iter().chain(each("patchesJson6902")) {
        let target = patch.value.get("target");
        if let Some(inline) = patch.value.get("patch") {
            of_text(inline, target, &mut out);
        } else if let Some(path) = patch.value.get("path").and_then(|n| n.value.text()) {
            let path = path.known().and_then(|path| super::joined(folder, path));
            out.files.extend(path.map(|path| (path, target.cloned())));
        }
    }
    for patch in each("patchesStrategicMerge") {
        // A path or the patch itself.
        if patch.value.text().is_some_and(|t| t.known().is_none_or(|t| t.contains('\n'))) {
            of_text(patch, None, &mut out);
        }
    }
    for replacement in each("replacements") {
        for target in replacement.value.get("targets").map(|n| n.value.items()).unwrap_or_default() {
            replaced(target, &mut out);
        }
    }
    for chart in each("helmCharts") {
        let namespace = chart.value.get("namespace").and_then(text);
        let name = chart.value.get("releaseName").or_else(|| chart.value.get("name")).and_then(text);
        let address = name.map(|n| format!("the chart {}", n.value));
        let release = Release { address, namespace, in_its_own: false };
        if let Some(values) = chart.value.get("valuesInline") {
            let mut declared = Declared::default();
            helm::values(values, &release, &mut declared);
            out.accounts.append(&mut declared.accounts);
        }
    }
    out
}

/// A patch that is written as a text.
fn of_text(inline: &Node, target: Option<&Node>, out: &mut Patched) {
    let Some(text) = inline.value.text() else { return };
    let Some(all) = documents(&text, &inline.at) else {
        let why = "this patch is not YAML that can be read";
        out.unread.push(Unread { at: inline.at.clone(), why: why.to_owned() });
        return;
    };
    for document in &all {
        if let Value::List(_) = document.value {
            operations(document, target, out);
        } else {
            merged(document, target, out);
        }
    }
}

/// A part of a manifest that is laid over it.
fn merged(document: &Node, target: Option<&Node>, out: &mut Patched) {
    let of_account = |node: &Node| kubernetes::known(node, "kind").as_deref() == Some("ServiceAccount");
    if !of_account(document) {
        return;
    }
    let annotations = texts(document.at_path(&["metadata", "annotations"]).ok());
    // A target stands before the names that the patch itself has.
    match target.filter(|t| t.value.get("name").is_some() || t.value.get("kind").is_some()) {
        Some(target) => put(target, annotations, &document.at, out),
        None => put(document.value.get("metadata").unwrap_or(document), annotations, &document.at, out),
    }
}

/// Operations on what a target chooses.
pub(super) fn operations(list: &Node, target: Option<&Node>, out: &mut Patched) {
    let Some(target) = target.filter(|t| chooses_accounts(t)) else { return };
    let mut annotations = Vec::new();
    for operation in list.value.items() {
        let member = |name: &str| kubernetes::known(operation, name).unwrap_or_default();
        let (op, path) = (member("op"), member("path"));
        let Some(rest) = path.strip_prefix(ANNOTATIONS) else { continue };
        let key = rest.strip_prefix('/').map(|key| key.replace("~1", "/").replace("~0", "~"));
        let value = operation.value.get("value");
        match (op.as_str(), key, value) {
            ("add" | "replace", Some(key), Some(value)) => {
                let put = text(value).unwrap_or_else(|| unknown("a value that is no text", &value.at));
                annotations.push((Said::new(Text::from(key), operation.at.clone()), put));
            }
            ("add" | "replace", None, Some(value)) => annotations.extend(texts(Some(value))),
            ("copy" | "move", Some(key), _) => {
                let put = unknown("what an operation copies there", &operation.at);
                annotations.push((Said::new(Text::from(key), operation.at.clone()), put));
            }
            ("remove", key, _) if key.as_deref().is_none_or(|key| key == ROLE_ANNOTATION) => {
                let why = "an operation takes annotations away, which is not followed: `kubectl kustomize FOLDER | \
                           trustwalk preflight -` reads what comes of it";
                out.unread.push(Unread { at: operation.at.clone(), why: why.to_owned() });
            }
            _ => {}
        }
    }
    // It belongs to the kustomization, wherever the operations stand.
    put(target, annotations, &target.at, out);
}

/// What a replacement puts on an account: a value of something else.
fn replaced(target: &Node, out: &mut Patched) {
    let Some(select) = target.value.get("select").filter(|s| chooses_accounts(s)) else { return };
    let paths = target.value.get("fieldPaths").map(|n| n.value.items()).unwrap_or_default();
    for path in paths.iter().filter(|p| p.value.text().is_some_and(|t| t.to_string().contains(ROLE_ANNOTATION))) {
        let key = Said::new(Text::from(ROLE_ANNOTATION), path.at.clone());
        put(select, vec![(key, unknown("what a replacement puts there", &path.at))], &target.at, out);
    }
}

fn unknown(what: &str, at: &Place) -> Said<Text> {
    Said::new(Text::unknown(what), at.clone())
}

/// Whether what is chosen may be a service account.
fn chooses_accounts(select: &Node) -> bool {
    select.value.get("kind").and_then(|n| n.value.text()).is_none_or(|kind| kind.known() == Some("ServiceAccount"))
}

/// Annotations for the account that is named, or for all that a pattern may mean.
fn put(named: &Node, annotations: Vec<(Said<Text>, Said<Text>)>, at: &Place, out: &mut Patched) {
    let ours = annotations.iter().any(|(key, _)| key.value.known().is_some_and(|k| k.contains("amazonaws.com/")));
    if !ours || !chooses_accounts(named) && named.value.get("kind").is_some() {
        return;
    }
    // A name is a pattern of the whole name (Kustomize, "patches", `target`).
    let plain = |name: &Text| {
        name.known().is_some_and(|n| n.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.')))
    };
    match named.value.get("name").and_then(text).filter(|name| plain(&name.value)) {
        Some(name) => out.accounts.push(Account {
            from: Identity {
                format: Format::Kubernetes,
                address: format!("ServiceAccount/{}", name.value),
                at: at.clone(),
            },
            cluster: None,
            namespace: named.value.get("namespace").and_then(text),
            name,
            annotations,
        }),
        None => out.of_many.extend(annotations),
    }
}
