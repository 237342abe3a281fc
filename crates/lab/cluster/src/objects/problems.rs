//! What is wrong with an object, field by field, in the API server's words (`k8s.io/apimachinery`,
//! `util/validation/field`).

use serde_json::{Value, json};

use super::errors::ApiError;

/// One fault of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    field: String,
    reason: &'static str,
    text: String,
}

/// Adds what there is to say to a sentence's beginning.
fn with(start: impl Into<String>, why: &str) -> String {
    let start = start.into();
    if why.is_empty() { start } else { format!("{start}: {why}") }
}

impl Problem {
    fn new(field: impl Into<String>, reason: &'static str, text: String) -> Self {
        Self { field: field.into(), reason, text }
    }

    /// A value that is wrong.
    pub(crate) fn invalid(field: impl Into<String>, value: &Value, why: &str) -> Self {
        Self::new(field, "FieldValueInvalid", with(format!("Invalid value: {value}"), why))
    }

    /// A value that is missing.
    pub(crate) fn required(field: impl Into<String>, why: &str) -> Self {
        Self::new(field, "FieldValueRequired", with("Required value", why))
    }

    /// A value that is none of those there are.
    pub(crate) fn unsupported(field: impl Into<String>, value: &Value, known: &[&str]) -> Self {
        let known: Vec<String> = known.iter().map(|name| format!("\"{name}\"")).collect();
        let text = format!("Unsupported value: {value}: supported values: {}", known.join(", "));
        Self::new(field, "FieldValueNotSupported", text)
    }

    /// Something that is not to be there, or not to change.
    pub(crate) fn forbidden(field: impl Into<String>, why: &str) -> Self {
        Self::new(field, "FieldValueForbidden", with("Forbidden", why))
    }

    /// A value that is there twice.
    pub(crate) fn duplicate(field: impl Into<String>, value: &Value) -> Self {
        Self::new(field, "FieldValueDuplicate", format!("Duplicate value: {value}"))
    }

    /// A name of something that is not there.
    pub(crate) fn not_found(field: impl Into<String>, value: &Value) -> Self {
        Self::new(field, "FieldValueNotFound", format!("Not found: {value}"))
    }

    /// A value with too many bytes.
    pub(crate) fn too_long(field: impl Into<String>, most: usize) -> Self {
        Self::new(field, "FieldValueTooLong", format!("Too long: may not be more than {most} bytes"))
    }

    /// A member that may not change.
    pub(crate) fn immutable(field: impl Into<String>, value: &Value) -> Self {
        Self::invalid(field, value, "field is immutable")
    }

    fn sentence(&self) -> String {
        format!("{}: {}", self.field, self.text)
    }
}

/// The refusal of an object with problems; none without any.
pub(crate) fn refusal(kind: &str, group: &str, name: &str, problems: &[Problem]) -> Result<(), ApiError> {
    // What is said twice is told once (`apimachinery`, `ErrorList.ToAggregate`).
    let mut said: Vec<String> = Vec::new();
    for sentence in problems.iter().map(Problem::sentence) {
        if !said.contains(&sentence) {
            said.push(sentence);
        }
    }
    let told = match said.as_slice() {
        [] => return Ok(()),
        [one] => one.clone(),
        many => format!("[{}]", many.join(", ")),
    };
    let qualified = if group.is_empty() { kind.to_owned() } else { format!("{kind}.{group}") };
    let causes: Vec<Value> =
        problems.iter().map(|p| json!({"reason": p.reason, "message": p.text, "field": p.field})).collect();
    Err(ApiError {
        code: 422,
        reason: "Invalid",
        message: format!("{qualified} \"{name}\" is invalid: {told}"),
        details: Some(json!({"name": name, "group": group, "kind": kind, "causes": causes})),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_problem_stands_alone_and_several_in_brackets() {
        let one = [Problem::invalid("spec.replicas", &json!(-1), "must be greater than or equal to 0")];
        assert_eq!(
            refusal("Deployment", "apps", "bad", &one).unwrap_err().message,
            "Deployment.apps \"bad\" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0"
        );
        let two = [Problem::required("a", ""), Problem::unsupported("b", &json!("x"), &["Y", "Z"])];
        let error = refusal("Pod", "", "p", &two).unwrap_err();
        assert_eq!(
            error.message,
            "Pod \"p\" is invalid: [a: Required value, b: Unsupported value: \"x\": supported values: \"Y\", \"Z\"]"
        );
        assert_eq!(error.details.unwrap()["causes"][1]["reason"], "FieldValueNotSupported");
        assert!(refusal("Pod", "", "p", &[]).is_ok());
    }
}
