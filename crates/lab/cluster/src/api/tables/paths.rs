//! Columns that are paths into objects: those that a definition names (`additionalPrinterColumns`), and those of kinds
//! whose columns are no more than that.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::age;
use crate::objects::json as j;

/// A column with the path of its cells.
pub(crate) struct Column {
    name: String,
    path: String,
    date: bool,
    wide: bool,
    /// What stands where there is nothing.
    nothing: &'static str,
}

/// Columns of kinds of Kubernetes' own, as the API server names them, after the name and before the age.
fn of_kind(kind: &str) -> Option<&'static [(&'static str, &'static str)]> {
    Some(match kind {
        "EndpointSlice" => {
            &[("AddressType", ".addressType"), ("Ports", ".ports[*].port"), ("Endpoints", ".endpoints[*].addresses[0]")]
        }
        "HorizontalPodAutoscaler" => &[
            ("Reference", ".spec.scaleTargetRef.name"),
            ("MinPods", ".spec.minReplicas"),
            ("MaxPods", ".spec.maxReplicas"),
            ("Replicas", ".status.currentReplicas"),
        ],
        "Ingress" => &[("Class", ".spec.ingressClassName"), ("Hosts", ".spec.rules[*].host")],
        "IngressClass" => &[("Controller", ".spec.controller"), ("Parameters", ".spec.parameters.name")],
        "PersistentVolumeClaim" => &[
            ("Status", ".status.phase"),
            ("Volume", ".spec.volumeName"),
            ("Capacity", ".status.capacity.storage"),
            ("Access Modes", ".spec.accessModes[*]"),
            ("StorageClass", ".spec.storageClassName"),
        ],
        "PodDisruptionBudget" => &[
            ("Min Available", ".spec.minAvailable"),
            ("Max Unavailable", ".spec.maxUnavailable"),
            ("Allowed Disruptions", ".status.disruptionsAllowed"),
        ],
        "PriorityClass" => &[("Value", ".value"), ("Global-Default", ".globalDefault")],
        "StorageClass" => &[
            ("Provisioner", ".provisioner"),
            ("ReclaimPolicy", ".reclaimPolicy"),
            ("VolumeBindingMode", ".volumeBindingMode"),
            ("AllowVolumeExpansion", ".allowVolumeExpansion"),
        ],
        _ => return None,
    })
}

/// The columns of a kind whose columns are paths; `printed` are those of a custom kind's definition.
pub(crate) fn columns(kind: &str, printed: &[Value]) -> Option<Vec<Column>> {
    if !printed.is_empty() {
        let column = |column: &Value| Column {
            name: j::text(column, "/name").to_owned(),
            path: j::text(column, "/jsonPath").to_owned(),
            date: j::text(column, "/type") == "date",
            wide: j::int(column, "/priority").unwrap_or(0) > 0,
            nothing: "",
        };
        return Some(printed.iter().map(column).collect());
    }
    let own = of_kind(kind)?.iter().map(|(name, path)| (*name, *path, false));
    let all = own.chain([("Age", ".metadata.creationTimestamp", true)]);
    let column = |(name, path, date): (&str, &str, bool)| Column {
        name: name.to_owned(),
        path: path.to_owned(),
        date,
        wide: false,
        nothing: "<none>",
    };
    Some(all.map(column).collect())
}

fn definition(name: &str, form: &str, priority: i32) -> Value {
    json!({"name": name, "type": "string", "format": form, "description": "", "priority": priority})
}

/// The definitions of a table's columns, the name first.
pub(crate) fn definitions(columns: &[Column]) -> Vec<Value> {
    let own = columns.iter().map(|own| definition(&own.name, "", i32::from(own.wide)));
    std::iter::once(definition("Name", "name", 0)).chain(own).collect()
}

/// The cells of a row.
pub(crate) fn row(columns: &[Column], object: &Value, now: Timestamp) -> Vec<Value> {
    let cell = |column: &Column| {
        let found: Vec<String> = at(object, &column.path).into_iter().map(shown).collect();
        match found.first() {
            None => column.nothing.to_owned(),
            Some(time) if column.date => age::since(time, now),
            Some(_) => found.join(","),
        }
    };
    std::iter::once(j::name(object).to_owned()).chain(columns.iter().map(cell)).map(Value::from).collect()
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// What a path leads to: members, numbers and `[*]` of lists, and conditions that one member has one value (Kubernetes
/// documentation, "`JSONPath` Support", of which definitions take this much).
fn at<'v>(object: &'v Value, path: &str) -> Vec<&'v Value> {
    let mut here = vec![object];
    let mut rest = path;
    while !rest.is_empty() {
        if let Some((inside, after)) = rest.strip_prefix('[').and_then(|r| r.split_once(']')) {
            here = here.into_iter().flat_map(|value| items(value, inside)).collect();
            rest = after;
        } else {
            let name = rest.trim_start_matches('.');
            let end = name.find(['.', '[']).unwrap_or(name.len());
            // Nothing to go by: a path that is none.
            if end == 0 {
                return Vec::new();
            }
            let (member, after) = name.split_at(end);
            here = here.into_iter().filter_map(|value| value.get(member)).collect();
            rest = after;
        }
    }
    here.retain(|value| !value.is_null());
    here
}

fn items<'v>(value: &'v Value, inside: &str) -> Vec<&'v Value> {
    let list = value.as_array().map(Vec::as_slice).unwrap_or_default();
    if let Some(condition) = inside.strip_prefix("?(@.").and_then(|c| c.strip_suffix(')')) {
        let Some((member, wanted)) = condition.split_once("==") else { return Vec::new() };
        let wanted = wanted.trim().trim_matches(['\'', '"']);
        return list.iter().filter(|item| item.get(member.trim()).map(shown).as_deref() == Some(wanted)).collect();
    }
    match inside {
        "*" => list.iter().collect(),
        "" => Vec::new(),
        _ if inside.starts_with('\'') => value.get(inside.trim_matches('\'')).into_iter().collect(),
        number => number.parse::<usize>().ok().and_then(|at| list.get(at)).into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_into_lists_and_by_conditions() {
        let object = json!({"spec": {"a": {"b": 1}, "hosts": ["x", "y"]}, "status": {"conditions": [
            {"type": "Ready", "status": "True"}, {"type": "Other", "status": "False"}]}});
        let told = |path: &str| at(&object, path).into_iter().map(shown).collect::<Vec<_>>().join(",");
        assert_eq!(told(".spec.a.b"), "1");
        assert_eq!(told(".spec.hosts[*]"), "x,y");
        assert_eq!(told(".spec.hosts[1]"), "y");
        assert_eq!(told(".status.conditions[?(@.type=='Ready')].status"), "True");
        assert_eq!(told(".status.conditions[?(@.type==\"Gone\")].status"), "");
        assert_eq!(told(".spec.none.b"), "");
        for wrong in ["[", ".", ".spec[", ".spec..[", ".spec.hosts[?(@.a)]"] {
            assert_eq!(told(wrong), "", "{wrong}");
        }
    }
}
