//! Label selectors (as objects and as query text) and field selectors.

use serde_json::Value;

use crate::objects::{errors::ApiError, json, kinds::Kind};

/// Whether labels satisfy a `LabelSelector` object. An absent selector matches nothing.
pub fn matches_label_selector(selector: &Value, labels: &Value) -> bool {
    if selector.is_null() {
        return false;
    }
    let equal = selector
        .get("matchLabels")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .all(|(key, value)| labels.get(key) == Some(value));
    equal
        && json::items(selector, "/matchExpressions").iter().all(|expression| {
            let found = labels.get(json::text(expression, "/key"));
            let listed = found.is_some_and(|v| json::items(expression, "/values").contains(v));
            match json::text(expression, "/operator") {
                "In" => listed,
                "NotIn" => !listed,
                "Exists" => found.is_some(),
                "DoesNotExist" => found.is_none(),
                _ => false,
            }
        })
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Test {
    In(Vec<String>),
    NotIn(Vec<String>),
    Exists,
    Absent,
}

/// The `labelSelector` and `fieldSelector` of a list or watch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    labels: Vec<(String, Test)>,
    fields: Vec<(String, String, bool)>,
}

impl Filter {
    /// Reads both query parameters; empty text selects everything.
    pub fn parse(labels: &str, fields: &str) -> Result<Self, ApiError> {
        let labels =
            split_outside_parentheses(labels).into_iter().map(|part| parse_label(&part)).collect::<Result<_, _>>()?;
        let fields = fields.split(',').filter(|part| !part.is_empty()).map(parse_field).collect::<Result<_, _>>()?;
        Ok(Self { labels, fields })
    }

    /// Whether it selects everything.
    pub(crate) const fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    /// The first field that objects of a kind cannot be selected by. Custom resources have those of their definition
    /// besides, which are not looked at.
    pub(crate) fn unknown_field(&self, kind: &Kind) -> Option<&str> {
        let known = |path: &str| {
            matches!(path, "metadata.name" | "metadata.namespace") || kind.custom || selectable(kind).contains(&path)
        };
        self.fields.iter().map(|(path, ..)| path.as_str()).find(|path| !known(path))
    }

    /// A filter for one object name, as single-object watches need it.
    #[must_use]
    pub fn by_name(mut self, name: &str) -> Self {
        self.fields.push(("metadata.name".into(), name.into(), true));
        self
    }

    /// Whether an object is selected.
    pub fn matches(&self, object: &Value) -> bool {
        let labels = json::at(object, "/metadata/labels");
        let labels_match = self.labels.iter().all(|(key, test)| {
            let found = labels.get(key).and_then(Value::as_str);
            match test {
                Test::In(values) => found.is_some_and(|v| values.iter().any(|x| x == v)),
                Test::NotIn(values) => !found.is_some_and(|v| values.iter().any(|x| x == v)),
                Test::Exists => found.is_some(),
                Test::Absent => found.is_none(),
            }
        });
        labels_match
            && self.fields.iter().all(|(path, wanted, equal)| {
                let pointer = format!("/{}", path.replace('.', "/"));
                let found = match json::at(object, &pointer) {
                    Value::String(text) => text.clone(),
                    Value::Null => String::new(),
                    other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                        other.to_string()
                    }
                };
                (found == *wanted) == *equal
            })
    }
}

/// What a kind's objects are selected by, besides name and namespace (Kubernetes documentation, "Field Selectors",
/// "List of supported fields").
fn selectable(kind: &Kind) -> &'static [&'static str] {
    match kind.kind {
        "Pod" => &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.podIPs",
            "status.nominatedNodeName",
        ],
        "Event" => &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "regarding.kind",
            "regarding.namespace",
            "regarding.name",
            "regarding.uid",
            "reason",
            "reportingComponent",
            "reportingController",
            "source",
            "type",
        ],
        "Secret" => &["type"],
        "Namespace" => &["status.phase"],
        "ReplicaSet" | "ReplicationController" => &["status.replicas"],
        "Job" => &["status.successful"],
        "Node" => &["spec.unschedulable"],
        "CertificateSigningRequest" => &["spec.signerName"],
        "Service" => &["spec.clusterIP", "spec.type"],
        _ => &[],
    }
}

/// What is said of a field that objects of a kind cannot be selected by: kinds with fields of their own say it
/// otherwise (`apimachinery`, `DefaultMetaV1FieldSelectorConversion`; `pkg/apis/core/v1/conversion.go`).
pub(crate) fn not_selectable(kind: &Kind, label: &str) -> String {
    if selectable(kind).is_empty() {
        format!("{label:?} is not a known field selector: only \"metadata.name\", \"metadata.namespace\"")
    } else {
        format!("field label not supported: {label}")
    }
}

fn split_outside_parentheses(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut depth = 0_usize;
    for c in text.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(last) = parts.last_mut() {
            last.push(c);
        }
    }
    parts.retain(|part| !part.trim().is_empty());
    parts
}

fn parse_label(part: &str) -> Result<(String, Test), ApiError> {
    let part = part.trim();
    let key = |text: &str| text.trim().to_owned();
    let one = |text: &str| vec![text.trim().to_owned()];
    if let Some((name, value)) = part.split_once("!=") {
        return Ok((key(name), Test::NotIn(one(value))));
    }
    if let Some((name, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
        return Ok((key(name), Test::In(one(value))));
    }
    if let Some((head, tail)) = part.split_once('(') {
        let values = tail.trim_end_matches(')').split(',').map(key).collect();
        let mut words = head.split_whitespace();
        return match (words.next(), words.next()) {
            (Some(name), Some("in")) => Ok((key(name), Test::In(values))),
            (Some(name), Some("notin")) => Ok((key(name), Test::NotIn(values))),
            _ => Err(cannot_parse(part)),
        };
    }
    if let Some(name) = part.strip_prefix('!') {
        return Ok((key(name), Test::Absent));
    }
    if let Some(second) = part.split_whitespace().nth(1) {
        return Err(cannot_parse(second));
    }
    Ok((key(part), Test::Exists))
}

fn cannot_parse(part: &str) -> ApiError {
    ApiError::bad_request(format!(
        "unable to parse requirement: found '{part}', expected: in, notin, =, ==, !=, gt, lt"
    ))
}

fn parse_field(part: &str) -> Result<(String, String, bool), ApiError> {
    let (pair, equal) = if let Some(pair) = part.split_once("!=") {
        (pair, false)
    } else if let Some(pair) = part.split_once("==").or_else(|| part.split_once('=')) {
        (pair, true)
    } else {
        return Err(ApiError::bad_request(format!("invalid selector: '{part}'; can't understand '{part}'")));
    };
    Ok((pair.0.into(), pair.1.into(), equal))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn label_text_selects() {
        let pod = json!({"metadata": {"labels": {"app": "a", "tier": "web"}}, "status": {"phase": "Running"}});
        for (labels, fields, expected) in [
            ("app=a", "", true),
            ("app in (a,b),tier", "", true),
            ("app notin (a)", "", false),
            ("!other", "status.phase=Running", true),
            ("", "status.phase!=Running", false),
        ] {
            let filter = Filter::parse(labels, fields).unwrap();
            assert_eq!(filter.matches(&pod), expected, "{labels} {fields}");
        }
        assert!(Filter::parse("app like a", "").is_err());
    }
}
