//! The combinations of a job's matrix, and of what is handed over what is asked for at all.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::limits::{JOBS, LEVELS};
use crate::value::{items, members, text};

/// The combinations of a job's matrix that differ in something that the job asks for.
pub(super) fn combinations(job: &Value) -> Vec<BTreeMap<String, String>> {
    let mut seen = BTreeSet::new();
    let mut kept: Vec<BTreeMap<String, String>> = Vec::new();
    let names = asked(&relevant(job), "matrix");
    for one in all(job) {
        let one = only(one, names.as_ref());
        if seen.insert(one.clone()) {
            kept.push(one);
        }
    }
    kept
}

/// Of the values of a context those that a document asks for.
pub(super) fn asked_for(document: &Value, context: &str, values: BTreeMap<String, String>) -> BTreeMap<String, String> {
    let jobs: Vec<Value> = members(document.get("jobs")).map(|(_, job)| relevant(job)).collect();
    let more = ["env", "permissions"].into_iter().filter_map(|name| document.get(name).cloned());
    let names = asked(&Value::Array(jobs.into_iter().chain(more).collect()), context);
    only(values, names.as_ref())
}

fn only(mut values: BTreeMap<String, String>, names: Option<&BTreeSet<String>>) -> BTreeMap<String, String> {
    if let Some(names) = names {
        values.retain(|name, _| names.iter().any(|asked| asked.eq_ignore_ascii_case(name)));
    }
    values
}

/// A job without what shows no token: its scripts, unless they ask AWS for a role, and its names.
fn relevant(job: &Value) -> Value {
    let mut job = job.clone();
    if let Some(members) = job.as_object_mut() {
        members.retain(|name, _| !matches!(name.as_str(), "name" | "runs-on" | "timeout-minutes" | "strategy"));
    }
    let steps = job.get_mut("steps").and_then(Value::as_array_mut);
    for step in steps.into_iter().flatten().filter_map(Value::as_object_mut) {
        let asks = |script: &Value| script.as_str().is_some_and(|s| s.contains("assume-role"));
        if !step.get("run").is_some_and(asks) {
            step.remove("run");
        }
        step.remove("name");
    }
    job
}

/// The names that a document asks a context for; nothing where it asks for all of it.
fn asked(document: &Value, context: &str) -> Option<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    gather(document, context, &mut names).then_some(names)
}

fn gather(document: &Value, context: &str, names: &mut BTreeSet<String>) -> bool {
    match document {
        Value::String(text) => of_text(text, context, names),
        Value::Array(items) => items.iter().all(|v| gather(v, context, names)),
        Value::Object(members) => members.iter().all(|(_, v)| gather(v, context, names)),
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
    }
}

fn of_text(text: &str, context: &str, names: &mut BTreeSet<String>) -> bool {
    let lower = text.to_ascii_lowercase();
    let mut rest = lower.as_str();
    while let Some((_, after)) = rest.split_once(context) {
        rest = after;
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        match after.strip_prefix('.') {
            Some(name) => {
                let end = name.find(|c| !plain(c)).unwrap_or(name.len());
                names.extend(name.get(..end).map(str::to_owned));
            }
            // `matrix['a']` and `toJSON(matrix)` ask for any, as far as is followed here.
            None if after.trim_start().starts_with(['[', ')', '}']) => return false,
            None => {}
        }
    }
    true
}

/// The combinations of a job's matrix, of which only texts are looked at (GitHub Docs, "Running variations of jobs in
/// a workflow"); one without any for a job that has none or does not name it.
fn all(job: &Value) -> Vec<BTreeMap<String, String>> {
    let none = vec![BTreeMap::new()];
    let Some(matrix) = job.pointer("/strategy/matrix").filter(|m| m.is_object()) else { return none };
    let mut all = none;
    for (name, values) in members(Some(matrix)).filter(|(n, _)| *n != "include" && *n != "exclude") {
        let Some(values) = values.as_array().filter(|v| !v.is_empty()) else { continue };
        let mut next = Vec::new();
        for combination in &all {
            for value in values {
                let mut one = combination.clone();
                flattened(name, value, &mut one, 0);
                next.push(one);
            }
        }
        if next.len() > JOBS {
            return vec![BTreeMap::new()];
        }
        all = next;
    }
    for include in items(matrix.get("include")) {
        let mut one = BTreeMap::new();
        for (name, value) in members(Some(include)) {
            flattened(name, value, &mut one, 0);
        }
        let fits = |c: &BTreeMap<String, String>| one.iter().all(|(k, v)| c.get(k).is_none_or(|own| own == v));
        let original = matrix.as_object().is_some_and(|m| m.keys().any(|k| k != "include" && k != "exclude"));
        let mut extended = false;
        for combination in all.iter_mut().filter(|c| original && fits(c)) {
            combination.extend(one.clone());
            extended = true;
        }
        if !extended && all.len() < JOBS {
            if !original && all.first().is_some_and(BTreeMap::is_empty) {
                all.clear();
            }
            all.push(one);
        }
    }
    all
}

fn flattened(name: &str, value: &Value, into: &mut BTreeMap<String, String>, level: usize) {
    if let Some(text) = text(value) {
        into.insert(name.to_owned(), text);
    }
    for (key, value) in members(Some(value)).filter(|_| level < LEVELS) {
        flattened(&format!("{name}.{key}"), value, into, level + 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::parse;

    #[test]
    fn combinations_that_differ_in_nothing_that_is_asked_for_are_one() {
        let job = |step: &str| {
            let text = format!(
                "strategy: {{matrix: {{stage: [dev, prod], suite: [a, b, c]}}}}\nruns-on: ${{{{ matrix.suite }}}}\n\
                 steps:\n  - {step}\n"
            );
            combinations(&parse(text.as_bytes()).unwrap()).len()
        };
        assert_eq!(job("run: make ${{ matrix.suite }} ${{ matrix.stage }}"), 1);
        assert_eq!(job("{uses: x, with: {role-to-assume: '${{ matrix.Stage }}'}}"), 2);
        assert_eq!(job("{uses: x, with: {role-to-assume: '${{ matrix.stage }}-${{ matrix.suite }}'}}"), 6);
        assert_eq!(job("{uses: x, with: {a: \"${{ matrix['stage'] }}\"}}"), 6);
        assert_eq!(job("{uses: x, with: {a: '${{ toJSON(matrix) }}'}}"), 6);
    }
}
