//! Roles and bindings.

use serde_json::Value;

use super::pods::one_of;
use crate::objects::{json as j, problems::Problem};

/// Checks a role or binding.
pub(super) fn check(kind: &str, object: &Value, problems: &mut Vec<Problem>) {
    if kind.ends_with("Binding") {
        binding(kind, object, problems);
        return;
    }
    for (index, rule) in j::items(object, "/rules").iter().enumerate() {
        let field = format!("rules[{index}]");
        let none = |at: &str| j::items(rule, at).is_empty();
        if none("/verbs") {
            problems.push(Problem::required(format!("{field}.verbs"), "verbs must contain at least one value"));
        }
        if !none("/nonResourceURLs") {
            if kind == "Role" {
                let why = "namespaced rules cannot apply to non-resource URLs";
                problems.push(Problem::invalid(
                    format!("{field}.nonResourceURLs"),
                    j::at(rule, "/nonResourceURLs"),
                    why,
                ));
            }
            continue;
        }
        if none("/apiGroups") {
            let why = "resource rules must supply at least one api group";
            problems.push(Problem::required(format!("{field}.apiGroups"), why));
        }
        if none("/resources") {
            let why = "resource rules must supply at least one resource";
            problems.push(Problem::required(format!("{field}.resources"), why));
        }
    }
}

fn binding(kind: &str, object: &Value, problems: &mut Vec<Problem>) {
    let roles: &[&str] = if kind == "RoleBinding" { &["ClusterRole", "Role"] } else { &["ClusterRole"] };
    let role = j::at(object, "/roleRef/kind");
    one_of("roleRef.kind".to_owned(), role, roles, problems);
    if j::text(object, "/roleRef/name").is_empty() {
        problems.push(Problem::required("roleRef.name", ""));
    }
    for (index, subject) in j::items(object, "/subjects").iter().enumerate() {
        let field = format!("subjects[{index}]");
        if j::text(subject, "/name").is_empty() {
            problems.push(Problem::required(format!("{field}.name"), ""));
        }
        let known = ["Group", "ServiceAccount", "User"];
        one_of(format!("{field}.kind"), j::at(subject, "/kind"), &known, problems);
        if j::text(subject, "/kind") == "ServiceAccount" && j::text(subject, "/namespace").is_empty() {
            problems.push(Problem::required(format!("{field}.namespace"), ""));
        }
    }
}
