//! Whether a webhook's selectors take a pod in (Kubernetes documentation, "Labels and Selectors").

use std::collections::BTreeMap;

use serde_json::Value;

use crate::evidence::Webhook;

/// The label every namespace has by itself (Kubernetes documentation, "Automatic labelling").
const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";

/// A selector that leaves a pod out.
pub(super) struct Exclusion {
    /// The selector as it stands in the registration.
    pub(super) selector: String,
    /// What in it does not hold.
    pub(super) because: String,
    /// Whether all labels that decide are known: those of namespaces are not read.
    pub(super) certain: bool,
}

/// The first selector of a webhook that leaves the pod out.
pub(super) fn exclusion(hook: &Webhook, namespace: &str, labels: &BTreeMap<String, String>) -> Option<Exclusion> {
    let own = BTreeMap::from([(NAMESPACE_NAME.to_owned(), namespace.to_owned())]);
    hook.excludes.iter().find_map(|text| {
        let (which, selector) = text.split_once(' ')?;
        let selector: Value = serde_json::from_str(selector).ok()?;
        let of_pod = which == "objectSelector";
        let (key, because) = unmet(&selector, if of_pod { labels } else { &own })?;
        let whose = if of_pod { "the pod" } else { "the namespace" };
        Some(Exclusion {
            selector: text.clone(),
            because: format!("{whose} {because}"),
            certain: of_pod || key == NAMESPACE_NAME,
        })
    })
}

/// The first requirement that the labels do not meet: its key, and what is wrong in words.
fn unmet(selector: &Value, labels: &BTreeMap<String, String>) -> Option<(String, String)> {
    let wanted = selector.get("matchLabels").and_then(Value::as_object).into_iter().flatten();
    let missing = wanted
        .filter_map(|(k, v)| Some((k, v.as_str()?)))
        .find(|(k, v)| labels.get(*k).map(String::as_str) != Some(*v))
        .map(|(k, v)| (k.clone(), format!("lacks the label {k}={v}")));
    missing.or_else(|| {
        selector.get("matchExpressions").and_then(Value::as_array).into_iter().flatten().find_map(|e| {
            let key = e.get("key")?.as_str()?;
            let values: Vec<&str> =
                e.get("values").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
            let has = labels.get(key).map(String::as_str);
            let because = match (e.get("operator")?.as_str()?, has) {
                ("In", Some(v)) if values.contains(&v) => return None,
                ("In", _) => format!("has no label {key} in {}", values.join(", ")),
                ("NotIn", Some(v)) if values.contains(&v) => format!("has the label {key}={v}"),
                ("Exists", None) => format!("lacks the label {key}"),
                ("DoesNotExist", Some(_)) => format!("has the label {key}"),
                _ => return None,
            };
            Some((key.to_owned(), because))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hook(text: &str) -> Webhook {
        Webhook { excludes: vec![text.to_owned()], ..Webhook::default() }
    }

    #[test]
    fn requirements_are_judged_one_by_one() {
        let labels = BTreeMap::from([("app".to_owned(), "ledger".to_owned())]);
        let out = |text: &str| exclusion(&hook(text), "payments", &labels).map(|e| (e.because, e.certain));
        // What EKS registers: the label is named and the pod does not have it.
        let eks = concat!(
            r#"objectSelector {"matchExpressions":[{"key":"eks.amazonaws.com/skip-pod-identity-webhook","#,
            r#""operator":"DoesNotExist"}]}"#
        );
        assert_eq!(out(eks), None);
        assert_eq!(out(r#"objectSelector {"matchLabels":{"app":"ledger"}}"#), None);
        let want =
            |text: &str, because: &str, certain: bool| assert_eq!(out(text), Some((because.to_owned(), certain)));
        want(r#"objectSelector {"matchLabels":{"identity":"on"}}"#, "the pod lacks the label identity=on", true);
        let named = concat!(
            r#"namespaceSelector {"matchExpressions":[{"key":"kubernetes.io/metadata.name","operator":"NotIn","#,
            r#""values":["payments"]}]}"#
        );
        want(named, "the namespace has the label kubernetes.io/metadata.name=payments", true);
        let other = r#"namespaceSelector {"matchExpressions":[{"key":"team","operator":"Exists"}]}"#;
        want(other, "the namespace lacks the label team", false);
        let kept = r#"objectSelector {"matchExpressions":[{"key":"app","operator":"In","values":["x"]}]}"#;
        want(kept, "the pod has no label app in x", true);
    }
}
