//! Configurations of admission webhooks (Kubernetes source, `pkg/apis/admissionregistration/validation`).

use std::collections::BTreeSet;

use serde_json::Value;

use super::{pods::one_of, words};
use crate::objects::{json as j, problems::Problem};

/// Versions of a review that an API server knows.
const VERSIONS: [&str; 2] = ["v1", "v1beta1"];
/// Longest wait for a webhook, in seconds.
const LONGEST_WAIT: i64 = 30;

/// Checks every webhook of a configuration; `old` is what it replaces.
pub(super) fn check(object: &Value, old: Option<&Value>, problems: &mut Vec<Problem>) {
    // What was stored with versions that nobody knows may go on so.
    let lenient = old.is_some_and(|old| j::items(old, "/webhooks").iter().any(|hook| !is_known(hook)));
    let mut names = BTreeSet::new();
    for (index, hook) in j::items(object, "/webhooks").iter().enumerate() {
        let field = format!("webhooks[{index}]");
        one(hook, &field, problems);
        versions(hook, &format!("{field}.admissionReviewVersions"), lenient, problems);
        let name = j::text(hook, "/name");
        if !name.is_empty() && !names.insert(name.to_owned()) {
            problems.push(Problem::duplicate(format!("{field}.name"), &name.into()));
        }
    }
}

fn is_known(hook: &Value) -> bool {
    j::items(hook, "/admissionReviewVersions").iter().any(|version| VERSIONS.iter().any(|known| version == known))
}

fn one(hook: &Value, field: &str, problems: &mut Vec<Problem>) {
    let name = j::text(hook, "/name");
    let at = format!("{field}.name");
    if name.is_empty() {
        problems.push(Problem::required(at, ""));
    } else if let Some(why) = words::subdomain(name) {
        problems.push(Problem::invalid(at, &name.into(), &why));
    } else if name.split('.').count() < 3 {
        let why = "should be a domain with at least three segments separated by dots";
        problems.push(Problem::invalid(at, &name.into(), why));
    }
    for (index, rule) in j::items(hook, "/rules").iter().enumerate() {
        for member in ["operations", "apiGroups", "apiVersions", "resources"] {
            if j::items(rule, &format!("/{member}")).is_empty() {
                problems.push(Problem::required(format!("{field}.rules[{index}].{member}"), ""));
            }
        }
    }
    one_of(format!("{field}.failurePolicy"), j::at(hook, "/failurePolicy"), &["Fail", "Ignore"], problems);
    one_of(format!("{field}.matchPolicy"), j::at(hook, "/matchPolicy"), &["Equivalent", "Exact"], problems);
    let effects = ["None", "NoneOnDryRun"];
    if j::at(hook, "/sideEffects").is_null() {
        problems.push(Problem::required(format!("{field}.sideEffects"), "must specify one of None, NoneOnDryRun"));
    }
    one_of(format!("{field}.sideEffects"), j::at(hook, "/sideEffects"), &effects, problems);
    let wait = j::at(hook, "/timeoutSeconds");
    if wait.as_i64().is_some_and(|seconds| !(1..=LONGEST_WAIT).contains(&seconds)) {
        let why = "the timeout value must be between 1 and 30 seconds";
        problems.push(Problem::invalid(format!("{field}.timeoutSeconds"), wait, why));
    }
    let client = j::at(hook, "/clientConfig");
    let (url, service) = (j::at(client, "/url"), j::at(client, "/service"));
    if url.is_null() == service.is_null() {
        let why = "exactly one of url or service is required";
        problems.push(Problem::required(format!("{field}.clientConfig"), why));
    } else if let Some(url) = url.as_str() {
        address(url, &format!("{field}.clientConfig.url"), problems);
    }
}

fn address(url: &str, field: &str, problems: &mut Vec<Problem>) {
    const FORM: &str = "; desired format: https://host[/path]";
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    if scheme != "https" {
        let why = format!("'https' is the only allowed URL scheme{FORM}");
        problems.push(Problem::invalid(field, &scheme.into(), &why));
    }
    if rest.split(['/', '?', '#']).next().is_none_or(str::is_empty) {
        problems.push(Problem::invalid(field, &"".into(), &format!("host must be specified{FORM}")));
    }
    let (before, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    if !fragment.is_empty() {
        problems.push(Problem::invalid(field, &fragment.into(), "fragments are not permitted in the URL"));
    }
    let (_, query) = before.split_once('?').unwrap_or((before, ""));
    if !query.is_empty() {
        problems.push(Problem::invalid(field, &query.into(), "query parameters are not permitted in the URL"));
    }
}

fn versions(hook: &Value, field: &str, lenient: bool, problems: &mut Vec<Problem>) {
    let all = j::items(hook, "/admissionReviewVersions");
    if all.is_empty() {
        return problems.push(Problem::required(field, "must specify one of v1, v1beta1"));
    }
    let mut seen = BTreeSet::new();
    for (index, version) in all.iter().enumerate() {
        let text = version.as_str().unwrap_or_default();
        if !seen.insert(text) {
            problems.push(Problem::invalid(format!("{field}[{index}]"), version, "duplicate version"));
        } else if let Some(why) = words::service(text) {
            problems.push(Problem::invalid(format!("{field}[{index}]"), version, &why));
        }
    }
    if !lenient && !is_known(hook) {
        let why = "must include at least one of v1, v1beta1";
        problems.push(Problem::invalid(field, &Value::Array(all.to_vec()), why));
    }
}
