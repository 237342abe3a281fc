//! Values of Helm charts: the annotations that a chart puts on its service accounts, where the values say so.
//!
//! What a chart makes of a value its templates decide. By wide custom `serviceAccount.annotations` and
//! `serviceAccount.name` are what they are called (Helm, "helm create"); nothing else is taken for one.

use crate::declared::{Account, Declared, Format, Identity};
use crate::kubernetes::{text, texts};
use crate::limits::DEPTH;
use crate::node::{Node, Value};
use crate::place::Said;
use crate::text::Text;

/// The annotation's domain: values that have none of it make no identity.
const DOMAIN: &str = "amazonaws.com";

/// The release whose values they are, where a file tells.
#[derive(Debug, Clone, Default)]
pub(crate) struct Release {
    /// How its file names it, such as `HelmRelease/flux-system/dns`.
    pub(crate) address: Option<String>,
    /// The namespace that it is installed in, where a chart puts its service accounts unless it is told otherwise
    /// (Helm, "Built-in Objects", `Release.Namespace`).
    pub(crate) namespace: Option<Said<Text>>,
    /// Whether that is the namespace of the object itself, which a kustomization may change.
    pub(crate) in_its_own: bool,
}

/// Reads the values of a chart, of a release, or of a chart that holds others.
pub(crate) fn values(document: &Node, release: &Release, into: &mut Declared) {
    walk(document, "", DEPTH, release, into);
}

fn walk(node: &Node, path: &str, depth: usize, release: &Release, into: &mut Declared) {
    let (Value::Map(members), Some(depth)) = (&node.value, depth.checked_sub(1)) else { return };
    for (key, value) in members {
        let Some(name) = key.value.known() else { continue };
        let here = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        if name.ends_with("serviceAccount") || name.ends_with("ServiceAccount") {
            into.accounts.extend(account(value, &here, release));
        }
        walk(value, &here, depth, release, into);
    }
}

fn account(node: &Node, path: &str, release: &Release) -> Option<Account> {
    let format = if release.in_its_own { Format::HelmRelease } else { Format::HelmValues };
    let annotations = texts(node.value.get("annotations"));
    let ours = |(key, _): &(Said<Text>, Said<Text>)| key.value.known().is_some_and(|k| k.contains(DOMAIN));
    if !annotations.iter().any(ours) {
        return None;
    }
    let name = node.value.get("name").and_then(text).filter(|n| n.value.known() != Some(""));
    let whose = release.address.as_ref().map_or_else(String::new, |address| format!(" of {address}"));
    let unknown = || Said::new(Text::unknown(format!("the name that the chart gives {path}{whose}")), node.at.clone());
    Some(Account {
        from: Identity { format, address: format!("{path}{whose}"), at: node.at.clone() },
        cluster: None,
        namespace: node.value.get("namespace").and_then(text).or_else(|| release.namespace.clone()),
        name: name.unwrap_or_else(unknown),
        annotations,
    })
}

/// Whether a file holds values, by its name.
pub(crate) fn is_values(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let yaml = name.strip_suffix(".yaml").or_else(|| name.strip_suffix(".yml"));
    yaml.is_some_and(|stem| stem == "values" || stem.starts_with("values") || stem.ends_with("values"))
}
