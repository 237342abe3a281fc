//! The review resources: questions that are answered, never stored.

use serde_json::{Value, json};

use crate::{
    api::{
        request::{Call, Target},
        shared::Shared,
        token,
    },
    objects::{
        errors::ApiError,
        json as j,
        kinds::Kind,
        problems::{Problem, refusal},
    },
    rbac::{self, Attempt, User},
};

/// Answers one review.
pub(crate) fn answer(shared: &Shared, call: &Call, target: &Target, body: &Value) -> Result<Value, ApiError> {
    if matches!(target.kind.kind, "SelfSubjectAccessReview" | "SubjectAccessReview" | "LocalSubjectAccessReview") {
        asks_one_thing(target.kind, body)?;
    }
    let mut answer = match target.kind.kind {
        "TokenReview" => token::review(shared, body),
        "SelfSubjectReview" => with_status(body, json!({"userInfo": token::user_info(&call.user)})),
        "SelfSubjectAccessReview" => with_status(body, access(shared, &call.user, body)),
        "SubjectAccessReview" | "LocalSubjectAccessReview" => {
            let user = named_user(shared, body);
            with_status(body, access(shared, &user, body))
        }
        "SelfSubjectRulesReview" => with_status(body, rules(shared, &call.user, body)),
        _ => return Err(ApiError::no_such_path()),
    };
    j::put_default(&mut answer, "/metadata/creationTimestamp", Value::Null);
    j::put_default(&mut answer, "/apiVersion", target.kind.api_version().into());
    j::put_default(&mut answer, "/kind", target.kind.kind.into());
    Ok(answer)
}

/// A question of rights names a resource or a path, and not both.
fn asks_one_thing(kind: &Kind, body: &Value) -> Result<(), ApiError> {
    let (resource, path) = (j::at(body, "/spec/resourceAttributes"), j::at(body, "/spec/nonResourceAttributes"));
    let problem = match (resource.is_null(), path.is_null()) {
        (true, true) => {
            let why = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
            Problem::invalid("spec.resourceAttributes", &Value::Null, why)
        }
        (false, false) => {
            let why = "cannot be specified in combination with resourceAttributes";
            // As Go writes the internal type, whose members have no names in JSON.
            let told = json!({"Path": j::text(path, "/path"), "Verb": j::text(path, "/verb")});
            Problem::invalid("spec.nonResourceAttributes", &told, why)
        }
        (true, false) | (false, true) => return Ok(()),
    };
    // Its kind is not told (recorded).
    refusal("", kind.group, "", &[problem])
}

fn with_status(body: &Value, status: Value) -> Value {
    let mut answer = body.clone();
    j::put(&mut answer, "/status", status);
    answer
}

fn named_user(shared: &Shared, body: &Value) -> User {
    let name = j::text(body, "/spec/user");
    let known = shared.config.tokens.values().find(|user| user.name == name);
    let mut user = known.cloned().unwrap_or_else(|| User { name: name.to_owned(), ..User::default() });
    for group in j::items(body, "/spec/groups").iter().filter_map(Value::as_str) {
        if !user.groups.iter().any(|g| g == group) {
            user.groups.push(group.to_owned());
        }
    }
    user
}

fn access(shared: &Shared, user: &User, body: &Value) -> Value {
    let wanted = j::at(body, "/spec/resourceAttributes");
    let allowed = if wanted.is_null() {
        let path = j::at(body, "/spec/nonResourceAttributes");
        rbac::allowed_path(&shared.store, user, j::text(path, "/verb"), j::text(path, "/path"))
    } else {
        let attempt = Attempt {
            verb: j::text(wanted, "/verb"),
            group: j::text(wanted, "/group"),
            resource: j::text(wanted, "/resource"),
            subresource: j::text(wanted, "/subresource"),
            namespace: j::text(wanted, "/namespace"),
            name: j::text(wanted, "/name"),
        };
        rbac::allowed(&shared.store, user, &attempt)
    };
    json!({"allowed": allowed})
}

fn rules(shared: &Shared, user: &User, body: &Value) -> Value {
    let mut resources: Vec<Value> = user
        .allow
        .iter()
        .map(|a| json!({"verbs": [a.verb], "apiGroups": [a.group], "resources": [a.resource]}))
        .collect();
    let mut paths = Vec::new();
    for rule in rbac::rules(&shared.store, user, j::text(body, "/spec/namespace")) {
        if j::items(&rule, "/resources").is_empty() {
            paths.push(rule);
        } else {
            resources.push(rule);
        }
    }
    json!({"resourceRules": resources, "nonResourceRules": paths, "incomplete": false})
}
