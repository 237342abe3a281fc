//! Releases of charts that a controller in the cluster installs: their values, and the namespace that they go to (Flux,
//! "`HelmRelease`"; Argo CD, "Application Specification" and "`ApplicationSet` Specification").

use crate::declared::{Declared, Unread};
use crate::embedded::documents;
use crate::helm::{self, Release};
use crate::kubernetes::{address, named, text};
use crate::limits::DEPTH;
use crate::node::{Node, Value};
use crate::place::Said;
use crate::text::{Piece, Text};

/// Names in the path of one parameter.
const NAMES: usize = 16;

/// What an object installs; whether it is one that does.
pub(crate) fn declare(group: &str, kind: &str, object: &Node, into: &mut Declared) -> bool {
    match (group, kind) {
        ("helm.toolkit.fluxcd.io", "HelmRelease") => flux(object, into),
        ("argoproj.io", "Application") => argo(object, object.at_path(&["spec"]).ok(), kind, into),
        ("argoproj.io", "ApplicationSet") => {
            argo(object, object.at_path(&["spec", "template", "spec"]).ok(), kind, into);
        }
        _ => return false,
    }
    true
}

fn flux(object: &Node, into: &mut Declared) {
    let Some((name, namespace)) = named(object) else { return };
    let target = object.at_path(&["spec", "targetNamespace"]).ok().and_then(text);
    let release = Release {
        address: Some(address("HelmRelease", &name, namespace.as_ref())),
        in_its_own: target.is_none(),
        namespace: target.or(namespace),
    };
    if let Ok(values) = object.at_path(&["spec", "values"]) {
        helm::values(values, &release, into);
    }
}

fn argo(object: &Node, spec: Option<&Node>, kind: &str, into: &mut Declared) {
    let (Some(spec), Some((name, namespace))) = (spec, named(object)) else { return };
    let release = Release {
        address: Some(address(kind, &name, namespace.as_ref())),
        namespace: spec.at_path(&["destination", "namespace"]).ok().and_then(text),
        in_its_own: false,
    };
    let several = spec.value.get("sources").map(|n| n.value.items()).unwrap_or_default();
    for source in spec.value.get("source").into_iter().chain(several) {
        let Some(helm) = source.value.get("helm") else { continue };
        let mut all = Node::new(Value::Map(Vec::new()), helm.at.clone());
        // Each is laid over those before it (Argo CD, "Helm", "Values").
        if let Some(values) = helm.value.get("values") {
            for document in &of_text(values, into) {
                lay(&mut all, document, DEPTH);
            }
        }
        if let Some(values) = helm.value.get("valuesObject") {
            lay(&mut all, values, DEPTH);
        }
        for parameter in helm.value.get("parameters").map(|n| n.value.items()).unwrap_or_default() {
            if let (Some(name), Some(value)) = (parameter.value.get("name"), parameter.value.get("value"))
                && let Some(nested) = nested(name, value)
            {
                lay(&mut all, &nested, DEPTH);
            }
        }
        helm::values(&all, &release, into);
    }
}

/// Values that are written as a text.
fn of_text(values: &Node, into: &mut Declared) -> Vec<Node> {
    let Some(text) = values.value.text() else { return Vec::new() };
    documents(&with_expressions(&text), &values.at).unwrap_or_else(|| {
        let why = "these values of a chart are not YAML that can be read";
        into.unread.push(Unread { at: values.at.clone(), why: why.to_owned() });
        Vec::new()
    })
}

/// A text with the expressions of a template in it (Argo CD, "Go Template") as symbols.
fn with_expressions(text: &Text) -> Text {
    let mut out = Text::default();
    for piece in text.pieces() {
        let mut rest = match piece {
            Piece::Known(known) => known.as_str(),
            Piece::Unknown(symbol) => {
                out.push(Text::unknown(symbol.0.clone()));
                continue;
            }
        };
        while let Some((before, (expression, after))) =
            rest.split_once("{{").and_then(|(before, open)| Some((before, open.split_once("}}")?)))
        {
            out.push(before.into());
            out.push(Text::unknown(expression.trim_matches('-').trim()));
            rest = after;
        }
        out.push(rest.into());
    }
    out
}

/// Lays values over others: maps member by member, anything else as a whole.
fn lay(under: &mut Node, over: &Node, depth: usize) {
    let (Value::Map(members), Value::Map(more), Some(depth)) = (&mut under.value, &over.value, depth.checked_sub(1))
    else {
        *under = over.clone();
        return;
    };
    for (key, value) in more {
        match members.iter_mut().find(|(own, _)| own.value == key.value) {
            Some((_, own)) => lay(own, value, depth),
            None => members.push((key.clone(), value.clone())),
        }
    }
}

/// A parameter as values: `a.b` is `b` in `a`, and a dot after a backslash is part of a name (Helm, "Using Helm", the
/// format of `--set`).
fn nested(name: &Node, value: &Node) -> Option<Node> {
    let path = name.value.text()?;
    let mut names = vec![String::new()];
    let mut escaped = false;
    for c in path.known()?.chars() {
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
    let wrap = |inner: Node, own: String| {
        Node::new(Value::Map(vec![(Said::new(Text::from(own), name.at.clone()), inner)]), name.at.clone())
    };
    (names.len() <= NAMES).then(|| names.into_iter().rev().fold(value.clone(), wrap))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::read_yaml;

    fn read(text: &str) -> Declared {
        let mut into = Declared::default();
        crate::kubernetes::declare(&read_yaml(&"t.yaml".into(), text).all[0], &mut into);
        into
    }

    #[test]
    fn a_release_tells_the_namespace_and_its_values_the_account() {
        let values = "serviceAccount: {name: dns, annotations: {eks.amazonaws.com/role-arn: 'arn:a'}}";
        let flux = |target: &str| {
            format!(
                "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {{name: dns, namespace: flux}}\n\
                 spec: {{{target}values: {{{values}}}}}"
            )
        };
        let argo = |helm: &str| {
            format!(
                "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: dns, namespace: argocd}}\n\
                 spec:\n  destination: {{namespace: edge}}\n  sources:\n  - repoURL: x\n    helm:\n{helm}"
            )
        };
        let block = format!("      values: |\n        {values}\n");
        let object = format!("      valuesObject: {{{values}}}\n");
        let both = "      values: 'serviceAccount: {annotations: {eks.amazonaws.com/role-arn: \"arn:a\"}}'\n      \
                    parameters:\n      - {name: serviceAccount.name, value: dns}\n";
        let parameters = "      parameters:\n      - {name: serviceAccount.name, value: dns}\n      - {name: \
                          'serviceAccount.annotations.eks\\.amazonaws\\.com/role-arn', value: 'arn:a'}\n";
        for (text, namespace) in [
            (flux(""), "flux"),
            (flux("targetNamespace: edge, "), "edge"),
            (argo(&block), "edge"),
            (argo(&object), "edge"),
            (argo(parameters), "edge"),
            (argo(both), "edge"),
        ] {
            let read = read(&text);
            let [account] = read.accounts.as_slice() else { panic!("{text}: {:?}", read.accounts) };
            let own = (account.name.value.known(), account.namespace.as_ref().and_then(|n| n.value.known()));
            assert_eq!(own, (Some("dns"), Some(namespace)), "{text}");
            assert_eq!(account.annotations[0].1.value.known(), Some("arn:a"), "{text}");
        }
        let broken = argo("      values: '{a: ['\n");
        assert_eq!(read(&broken).unread.len(), 1);
    }

    #[test]
    fn a_set_of_applications_leaves_what_its_generators_tell_open() {
        let read = read(
            "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: dns}\nspec:\n  template:\n    \
             spec:\n      destination: {namespace: '{{ .ns }}'}\n      source:\n        helm:\n          \
             valuesObject: {serviceAccount: {annotations: {eks.amazonaws.com/role-arn: 'arn:{{account}}'}}}\n",
        );
        let [account] = read.accounts.as_slice() else { panic!("{:?}", read.accounts) };
        assert_eq!(account.namespace.as_ref().unwrap().value.to_string(), "${.ns}");
        assert_eq!(account.annotations[0].1.value.to_string(), "arn:${account}");
        assert!(account.name.value.known().is_none());
        // In a text they stand without quotes, too.
        let text = "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: dns}\nspec:\
         \n  template:\n    \
                    spec:\n      source:\n        helm:\n          values: |\
                    \n            a: [{{default \"\" .x}}]\n            \
                    serviceAccount:\n              name: dns-{{.name}}\n              annotations:\n                \
                    eks.amazonaws.com/role-arn: {{.metadata.annotations.role}}\n";
        let read = self::read(text);
        let [account] = read.accounts.as_slice() else { panic!("{:?}", read.unread) };
        assert_eq!(account.name.value.to_string(), "dns-${.name}");
        assert_eq!(account.annotations[0].1.value.to_string(), "${.metadata.annotations.role}");
    }
}
