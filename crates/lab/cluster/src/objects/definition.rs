//! Custom resource definitions: the kinds they bring, and what the API server adds to them.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    json as j,
    kinds::{Kind, Named, custom},
    names::stamp,
    problems::Problem,
    schema::compiled_rules,
};

/// The kind that a definition brings in one of its versions, if it is served.
pub(crate) fn kind_of(definition: &Value, version: &Value) -> Option<&'static Kind> {
    if j::at(version, "/served") != true {
        return None;
    }
    let names = |at: &str| j::items(definition, at).iter().filter_map(Value::as_str).collect();
    custom(&Named {
        group: j::text(definition, "/spec/group"),
        version: j::text(version, "/name"),
        resource: j::text(definition, "/spec/names/plural"),
        singular: j::text(definition, "/spec/names/singular"),
        kind: j::text(definition, "/spec/names/kind"),
        namespaced: j::text(definition, "/spec/scope") == "Namespaced",
        short: names("/spec/names/shortNames"),
        categories: names("/spec/names/categories"),
        status: version.pointer("/subresources/status").is_some(),
        scale: version.pointer("/subresources/scale").is_some(),
    })
}

/// The versions of a definition, those served first to last.
pub(crate) fn versions(definition: &Value) -> &[Value] {
    j::items(definition, "/spec/versions")
}

/// The schema of one of its versions.
pub(crate) fn schema<'d>(definition: &'d Value, version: &str) -> &'d Value {
    let own = versions(definition).iter().find(|v| j::text(v, "/name") == version);
    own.map_or(&Value::Null, |version| j::at(version, "/schema/openAPIV3Schema"))
}

fn condition(kind: &str, why: &str, told: &str, now: &str) -> Value {
    json!({"type": kind, "status": "True", "reason": why, "message": told, "lastTransitionTime": now})
}

/// What the API server and its controllers add: names, and that the kind is served.
pub(crate) fn complete(definition: &mut Value, now: Timestamp) {
    let kind = j::text(definition, "/spec/names/kind").to_owned();
    j::put_default(definition, "/spec/names/singular", kind.to_lowercase().into());
    j::put_default(definition, "/spec/names/listKind", format!("{kind}List").into());
    j::put_default(definition, "/spec/conversion", json!({"strategy": "None"}));
    let now = stamp(now);
    let stored: Vec<&Value> =
        versions(definition).iter().filter(|v| j::at(v, "/storage") == true).map(|v| j::at(v, "/name")).collect();
    let status = json!({
        "acceptedNames": j::at(definition, "/spec/names"),
        "storedVersions": stored,
        "conditions": [
            condition("NamesAccepted", "NoConflicts", "no conflicts found", &now),
            condition("Established", "InitialNamesAccepted", "the initial names have been accepted", &now),
        ],
    });
    j::put(definition, "/status", status);
}

/// What is wrong with a definition.
pub(crate) fn problems(definition: &Value) -> Vec<Problem> {
    let mut found = Vec::new();
    let (group, plural) = (j::text(definition, "/spec/group"), j::text(definition, "/spec/names/plural"));
    let wanted = format!("{plural}.{group}");
    if j::name(definition) != wanted {
        let name = j::at(definition, "/metadata/name");
        let why = format!("must be spec.names.plural+\".\"+spec.group, which is \"{wanted}\"");
        found.push(Problem::invalid("metadata.name", name, &why.replace(", which is", " =")));
    }
    for (field, value) in
        [("group", group), ("names.plural", plural), ("names.kind", j::text(definition, "/spec/names/kind"))]
    {
        if value.is_empty() {
            found.push(Problem::required(format!("spec.{field}"), ""));
        }
    }
    let scope = j::at(definition, "/spec/scope");
    if !matches!(scope.as_str(), Some("Namespaced" | "Cluster")) {
        found.push(Problem::unsupported("spec.scope", scope, &["Cluster", "Namespaced"]));
    }
    let all = versions(definition);
    if all.is_empty() {
        found.push(Problem::required("spec.versions", "must have at least one version"));
    } else if all.iter().filter(|v| j::at(v, "/storage") == true).count() != 1 {
        let versions = json!(all.iter().map(|v| j::text(v, "/name")).collect::<Vec<_>>());
        found.push(Problem::invalid(
            "spec.versions",
            &versions,
            "must have exactly one version marked as storage version",
        ));
    }
    for (index, version) in all.iter().enumerate() {
        let root = j::at(version, "/schema/openAPIV3Schema");
        let field = format!("spec.versions[{index}].schema.openAPIV3Schema");
        if root.is_null() {
            found.push(Problem::required(field, "schemas are required"));
        } else if j::text(root, "/type") != "object" {
            found.push(Problem::required(format!("{field}.type"), "must not be empty at the root"));
        } else {
            compiled_rules(root, &field, &mut found);
        }
    }
    found
}
