//! `allOf`, `anyOf`, `oneOf` and `not` of custom resources (Kubernetes documentation, "Specifying a structural schema";
//! the words are those of `k8s.io/kube-openapi`, `pkg/validation/validate`).

use serde_json::Value;

use crate::objects::{json as j, problems::Problem};

/// Field of a fault that belongs to no one member (reported of the API server).
const NOWHERE: &str = "<nil>";

/// What judges a value by one of the schemas that are joined.
type Validate = fn(&Value, &Value, &str, &mut Vec<Problem>);

/// What a value breaks of its schema's junctors. With a fault of the whole come those of the nearest alternative.
pub(super) fn check(schema: &Value, value: &Value, path: &str, problems: &mut Vec<Problem>, validate: Validate) {
    let faults = |schema: &Value, value: &Value, path: &str| {
        let mut found = Vec::new();
        validate(schema, value, path, &mut found);
        found
    };
    let mut tell = |why: &str, nearest: Vec<Problem>| {
        problems.push(Problem::invalid(NOWHERE, &"".into(), &format!("\"{path}\" {why}")));
        problems.extend(nearest);
    };
    let all: Vec<Vec<Problem>> = j::items(schema, "/allOf").iter().map(|one| faults(one, value, path)).collect();
    if all.iter().any(|found| !found.is_empty()) {
        tell("must validate all the schemas (allOf)", all.into_iter().flatten().collect());
    }
    let any: Vec<Vec<Problem>> = j::items(schema, "/anyOf").iter().map(|one| faults(one, value, path)).collect();
    if !any.is_empty() && any.iter().all(|found| !found.is_empty()) {
        tell("must validate at least one schema (anyOf)", nearest(any));
    }
    let one: Vec<Vec<Problem>> = j::items(schema, "/oneOf").iter().map(|one| faults(one, value, path)).collect();
    match one.iter().filter(|found| found.is_empty()).count() {
        _ if one.is_empty() => {}
        1 => {}
        0 => tell("must validate one and only one schema (oneOf). Found none valid", nearest(one)),
        many => {
            let why = format!("must validate one and only one schema (oneOf). Found {many} valid alternatives");
            tell(&why, Vec::new());
        }
    }
    if let Some(not) = schema.get("not")
        && faults(not, value, path).is_empty()
    {
        tell("must not validate the schema (not)", Vec::new());
    }
}

/// The faults of the alternative that has the fewest.
fn nearest(all: Vec<Vec<Problem>>) -> Vec<Problem> {
    all.into_iter().min_by_key(Vec::len).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::objects::problems::refusal;

    #[test]
    fn alternatives_are_counted_and_the_nearest_one_is_told() {
        let schema = json!({"type": "object", "oneOf": [{"required": ["a"]}, {"required": ["b", "c"]}],
            "not": {"required": ["d"]}});
        let told = |value: Value| {
            let mut found = Vec::new();
            check(&schema, &value, "spec", &mut found, crate::objects::schema::structural::validate);
            refusal("K", "g", "n", &found).map_err(|e| e.message.split_once(": ").unwrap().1.to_owned())
        };
        assert!(told(json!({"a": 1})).is_ok());
        assert_eq!(
            told(json!({})).unwrap_err(),
            "[<nil>: Invalid value: \"\": \"spec\" must validate one and only one schema (oneOf). Found none valid, \
             spec.a: Required value]"
        );
        assert_eq!(
            told(json!({"a": 1, "b": 1, "c": 1})).unwrap_err(),
            "<nil>: Invalid value: \"\": \"spec\" must validate one and only one schema (oneOf). \
             Found 2 valid alternatives"
        );
        assert_eq!(
            told(json!({"a": 1, "d": 1})).unwrap_err(),
            "<nil>: Invalid value: \"\": \"spec\" must not validate the schema (not)"
        );
    }
}
