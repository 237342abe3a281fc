//! Admission by expressions: `ValidatingAdmissionPolicy` with its bindings, and the match conditions of webhooks
//! (Kubernetes documentation, "Validating Admission Policy", "Matching requests: `matchConditions`").
//!
//! Deliberately absent: the authoriser, and a log that the action `Audit` would write to.

use std::sync::Arc;

use serde_json::{Value, json};

use super::review::{Review, applies};
use crate::{
    objects::{
        address::{Gvr, Key},
        errors::ApiError,
        json as j,
        schema::conditions::{self, Cel, Outcome},
        selector::matches_label_selector,
    },
    store::Store,
};

const GROUP: &str = "admissionregistration.k8s.io";

/// What expressions see of a request.
struct Seen {
    variables: Vec<(&'static str, Cel)>,
}

impl Seen {
    /// The request, its object before and after, and its namespace.
    fn new(store: &Store, review: &Review<'_>, object: &Value, old: Option<&Value>) -> Self {
        let kind = review.kind;
        let subject = if object.is_null() { old.unwrap_or(object) } else { object };
        let namespace = j::namespace(subject);
        let of = |member: &str, name: &str| json!({"group": kind.group, "version": kind.version, member: name});
        let request = json!({
            "kind": of("kind", kind.kind), "resource": of("resource", kind.resource),
            "subResource": review.subresource, "name": j::name(subject), "namespace": namespace,
            "operation": review.operation, "dryRun": review.dry_run,
            "userInfo": {"username": review.user.name, "uid": review.user.uid, "groups": review.user.groups},
        });
        let own = store.get(&Key::new(Gvr::core("namespaces"), None, namespace)).filter(|_| kind.namespaced);
        let variables = vec![
            ("object", conditions::plain(object)),
            ("oldObject", conditions::plain(old.unwrap_or(&Value::Null))),
            ("request", conditions::plain(&request)),
            ("namespaceObject", conditions::plain(own.as_deref().unwrap_or(&Value::Null))),
        ];
        Self { variables }
    }

    fn with(&self, name: &'static str, value: Cel) -> Self {
        let mut variables = self.variables.clone();
        variables.retain(|(known, _)| *known != name);
        variables.push((name, value));
        Self { variables }
    }

    fn ask(&self, expression: &str) -> Outcome {
        match conditions::compile(expression) {
            Ok(program) => conditions::evaluate(&program, &self.variables),
            Err(why) => Outcome::Failed(why),
        }
    }

    /// Whether all conditions of a list hold; the first that fails is told. One that needs what is not here holds.
    fn hold(&self, list: &[Value]) -> Result<bool, String> {
        let mut failed = None;
        for condition in list {
            match self.ask(j::text(condition, "/expression")) {
                // What is false decides, whatever else fails.
                Outcome::Truth(false) => return Ok(false),
                Outcome::Failed(why) => failed = failed.or(Some(why)),
                Outcome::Truth(true) | Outcome::Text(_) | Outcome::Unknown => {}
            }
        }
        failed.map_or(Ok(true), Err)
    }

    /// With what a policy names for itself: each variable sees those before it.
    fn named(&self, list: &[Value]) -> Self {
        let mut known: Vec<(String, Cel)> = Vec::new();
        let mut seen = self.with("variables", conditions::map(std::iter::empty()));
        for variable in list {
            let value = conditions::compile(j::text(variable, "/expression"))
                .ok()
                .and_then(|program| conditions::value(&program, &seen.variables));
            // One that fails is missed where it is used.
            if let Some(value) = value {
                known.push((j::text(variable, "/name").to_owned(), value));
                seen = seen.with("variables", conditions::map(known.iter().cloned()));
            }
        }
        seen
    }
}

/// Whether a webhook's match conditions hold of a request; the first that fails is told.
pub(super) fn hold(
    store: &Store,
    review: &Review<'_>,
    object: &Value,
    old: Option<&Value>,
    conditions: &[Value],
) -> Result<bool, String> {
    let held = conditions::apart(|| Seen::new(store, review, object, old).hold(conditions));
    held.unwrap_or_else(|| Err("they could not be evaluated".to_owned()))
}

/// Refuses what a policy that is bound refuses.
pub(super) fn check(store: &Store, review: &Review<'_>, object: &Value, old: Option<&Value>) -> Result<(), ApiError> {
    let list = |resource: &str| store.list(&Gvr::new(GROUP, "v1", resource), None).1;
    let (bindings, policies) = (list("validatingadmissionpolicybindings"), list("validatingadmissionpolicies"));
    if bindings.is_empty() {
        return Ok(());
    }
    let whole = Asked { store, review, object, old };
    let judged = conditions::apart(|| bindings.iter().try_for_each(|binding| judge(&whole, binding, &policies)));
    judged.unwrap_or_else(|| Err(ApiError::internal("policies could not be evaluated")))
}

/// A request with what is needed to judge it.
struct Asked<'a> {
    store: &'a Store,
    review: &'a Review<'a>,
    object: &'a Value,
    old: Option<&'a Value>,
}

fn judge(asked: &Asked<'_>, binding: &Value, policies: &[Arc<Value>]) -> Result<(), ApiError> {
    let &Asked { store, review, object, old } = asked;
    let fits = |constraints: &Value| matches(store, constraints, review, object, old);
    let Some(policy) = policies.iter().find(|policy| j::name(policy) == j::text(binding, "/spec/policyName")) else {
        return Ok(());
    };
    let narrower = j::at(binding, "/spec/matchResources");
    let acts = |wanted: &str| j::items(binding, "/spec/validationActions").iter().any(|action| action == wanted);
    let (denies, warns) = (acts("Deny"), acts("Warn"));
    if !(denies || warns) || !fits(j::at(policy, "/spec/matchConstraints")) || !(narrower.is_null() || fits(narrower)) {
        return Ok(());
    }
    let refuse = |message: &str, reason: &str| {
        let (policy, binding) = (j::name(policy), j::name(binding));
        if !denies {
            let of = format!("Validation failed for ValidatingAdmissionPolicy '{policy}' with binding '{binding}'");
            review.warnings.tell(format!("{of}: {message}"));
            return Ok(());
        }
        let why = format!("ValidatingAdmissionPolicy '{policy}' with binding '{binding}' denied request: {message}");
        Err(ApiError::denied_by_policy(&review.kind.gvr(), j::name(Subject(object, old).value()), reason, &why))
    };
    let strict = j::text(policy, "/spec/failurePolicy") != "Ignore";
    let seen = Seen::new(store, review, object, old);
    match seen.hold(j::items(policy, "/spec/matchConditions")) {
        Ok(true) => {}
        Err(why) if strict => return refuse(&why, ""),
        Ok(false) | Err(_) => return Ok(()),
    }
    let found = match parameters(store, policy, binding, j::namespace(Subject(object, old).value())) {
        Ok(found) => found,
        Err(why) if strict => return refuse(&why, ""),
        Err(_) => return Ok(()),
    };
    for one in found {
        let seen = seen.with("params", one).named(j::items(policy, "/spec/variables"));
        for validation in j::items(policy, "/spec/validations") {
            if let Some(message) = broken(&seen, validation, strict) {
                refuse(&message, j::text(validation, "/reason"))?;
            }
        }
    }
    Ok(())
}

/// The object that a request is about.
struct Subject<'o>(&'o Value, Option<&'o Value>);

impl Subject<'_> {
    fn value(&self) -> &Value {
        if self.0.is_null() { self.1.unwrap_or(self.0) } else { self.0 }
    }
}

/// What a validation says of a request that it refuses.
fn broken(seen: &Seen, validation: &Value, strict: bool) -> Option<String> {
    let expression = j::text(validation, "/expression");
    match seen.ask(expression) {
        Outcome::Truth(true) | Outcome::Text(_) | Outcome::Unknown => None,
        Outcome::Failed(why) => strict.then(|| format!("expression '{expression}' resulted in error: {why}")),
        Outcome::Truth(false) => {
            if let Outcome::Text(text) = seen.ask(j::text(validation, "/messageExpression"))
                && !text.trim().is_empty()
            {
                return Some(text);
            }
            Some(match j::text(validation, "/message").trim() {
                "" => format!("failed expression: {expression}"),
                message => message.to_owned(),
            })
        }
    }
}

/// The objects that a policy is asked with, one after the other: nothing, where it names no kind of them.
fn parameters(store: &Store, policy: &Value, binding: &Value, of: &str) -> Result<Vec<Cel>, String> {
    let wanted = j::at(policy, "/spec/paramKind");
    let reference = j::at(binding, "/spec/paramRef");
    if wanted.is_null() || reference.is_null() {
        return Ok(vec![Cel::Null]);
    }
    let named = json!({"apiVersion": j::text(wanted, "/apiVersion"), "kind": j::text(wanted, "/kind"), "name": "any"});
    let Some(place) = store.owner(&named, of) else {
        return Err(format!("failed to find resource referenced by paramKind: '{}'", j::text(wanted, "/kind")));
    };
    let namespace = match j::text(reference, "/namespace") {
        "" => place.namespace.as_deref(),
        named => Some(named),
    };
    let all = store.list(&place.gvr, namespace.filter(|_| place.namespace.is_some())).1;
    let (name, selector) = (j::text(reference, "/name"), j::at(reference, "/selector"));
    let chosen = |one: &&Arc<Value>| match name {
        "" => matches_label_selector(selector, j::at(one, "/metadata/labels")),
        name => j::name(one) == name,
    };
    let found: Vec<Cel> = all.iter().filter(chosen).map(|one| conditions::plain(one)).collect();
    if found.is_empty() && j::text(reference, "/parameterNotFoundAction") != "Allow" {
        return Err("no params found for policy binding with `Deny` parameterNotFoundAction".to_owned());
    }
    Ok(found)
}

/// Whether constraints fit a request: its resource, its name, its labels and its namespace's.
fn matches(store: &Store, of: &Value, review: &Review<'_>, object: &Value, old: Option<&Value>) -> bool {
    let subject = Subject(object, old);
    let names = |rule: &&Value| {
        let names = j::items(rule, "/resourceNames");
        names.is_empty() || names.iter().any(|name| name == j::name(subject.value()))
    };
    let rules = |list: &str| -> Value { j::items(of, list).iter().filter(names).cloned().collect() };
    // A binding that names no resources is about those of its policy.
    let every = json!([{"operations": ["*"], "apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*/*"]}]);
    let resources = if j::items(of, "/resourceRules").is_empty() { every } else { rules("/resourceRules") };
    let wanted = json!({"rules": resources, "objectSelector": j::at(of, "/objectSelector"),
        "namespaceSelector": j::at(of, "/namespaceSelector")});
    let spared = json!({"rules": rules("/excludeResourceRules")});
    applies(store, &wanted, review, object, old) && !applies(store, &spared, review, object, old)
}
