//! API failures as Kubernetes `Status` objects, worded as the API server words them.

use serde_json::{Value, json};

use crate::objects::address::Gvr;

/// A refused request: an HTTP code with the `Status` body to send.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct ApiError {
    /// HTTP status code.
    pub code: u16,
    /// Machine-readable reason, such as `NotFound`.
    pub reason: &'static str,
    /// The sentence kubectl prints.
    pub message: String,
    /// `details` of the Status, when there are any.
    pub details: Option<Value>,
}

impl ApiError {
    fn new(code: u16, reason: &'static str, message: String, details: Option<Value>) -> Self {
        Self { code, reason, message, details }
    }

    /// 404 for a missing object: `pods "x" not found`.
    pub fn not_found(gvr: &Gvr, name: &str) -> Self {
        Self::new(
            404,
            "NotFound",
            format!("{} \"{name}\" not found", gvr.qualified()),
            Some(json!({"name": name, "group": gvr.group, "kind": gvr.resource})),
        )
    }

    /// 404 for a path nobody serves.
    pub fn no_such_path() -> Self {
        Self::new(404, "NotFound", "the server could not find the requested resource".into(), Some(json!({})))
    }

    /// 409 for a name that is taken.
    pub fn already_exists(gvr: &Gvr, name: &str) -> Self {
        Self::new(
            409,
            "AlreadyExists",
            format!("{} \"{name}\" already exists", gvr.qualified()),
            Some(json!({"name": name, "group": gvr.group, "kind": gvr.resource})),
        )
    }

    /// 409 for a stale resourceVersion.
    pub fn conflict(gvr: &Gvr, name: &str) -> Self {
        Self::new(
            409,
            "Conflict",
            format!(
                "Operation cannot be fulfilled on {} \"{name}\": the object has been modified; please apply your \
                 changes to the latest version and try again",
                gvr.qualified()
            ),
            Some(json!({"name": name, "group": gvr.group, "kind": gvr.resource})),
        )
    }

    /// 409 of a server-side apply that touches fields of other managers.
    pub fn apply_conflict(message: String, causes: &[Value]) -> Self {
        Self::new(409, "Conflict", message, Some(json!({"causes": causes})))
    }

    /// 422: `Kind.group "name" is invalid: …`.
    pub fn invalid(kind: &str, group: &str, name: &str, field: &str, problem: &str) -> Self {
        let qualified = if group.is_empty() { kind.to_owned() } else { format!("{kind}.{group}") };
        let reason = if problem.starts_with("Required") { "FieldValueRequired" } else { "FieldValueInvalid" };
        Self::new(
            422,
            "Invalid",
            format!("{qualified} \"{name}\" is invalid: {field}: {problem}"),
            Some(json!({
                "name": name, "group": group, "kind": kind,
                "causes": [{"reason": reason, "message": problem, "field": field}],
            })),
        )
    }

    /// 400 with the given sentence.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message.into(), None)
    }

    /// 401, as for an unknown bearer token.
    pub fn unauthorized() -> Self {
        Self::new(401, "Unauthorized", "Unauthorized".into(), None)
    }

    /// 403 with the full sentence; `name` and `gvr` go into the details.
    pub fn forbidden(gvr: &Gvr, name: &str, message: String) -> Self {
        Self::new(403, "Forbidden", message, Some(json!({"name": name, "group": gvr.group, "kind": gvr.resource})))
    }

    /// 403 on a path that is no resource.
    pub fn forbidden_path(user: &str, verb: &str, path: &str) -> Self {
        Self::new(
            403,
            "Forbidden",
            format!("forbidden: User \"{user}\" cannot {verb} path \"{path}\""),
            Some(json!({})),
        )
    }

    /// 405 for a verb the resource lacks.
    pub fn method_not_allowed() -> Self {
        Self::new(
            405,
            "MethodNotAllowed",
            "the server does not allow this method on the requested resource".into(),
            Some(json!({})),
        )
    }

    /// 410 for a watch or a list continuation that is too old.
    pub fn expired(message: impl Into<String>) -> Self {
        Self::new(410, "Expired", message.into(), None)
    }

    /// 413 for a body over the limit.
    pub fn too_large() -> Self {
        Self::new(413, "RequestEntityTooLarge", "Request entity too large: limit is 3145728".into(), None)
    }

    /// 408 for a body that does not arrive.
    pub fn too_slow() -> Self {
        Self::new(408, "Timeout", "the body of the request did not arrive in time".into(), None)
    }

    /// 429 when as much is under way as the server carries.
    pub fn too_many_requests(message: impl Into<String>) -> Self {
        Self::new(429, "TooManyRequests", message.into(), Some(json!({"retryAfterSeconds": 1})))
    }

    /// 429 of an eviction that a disruption budget does not allow now; `cause` is the budget's own sentence.
    pub fn disruption(cause: &str) -> Self {
        Self::new(
            429,
            "TooManyRequests",
            "Cannot evict pod as it would violate the pod's disruption budget.".into(),
            Some(json!({"causes": [{"reason": "DisruptionBudget", "message": cause}]})),
        )
    }

    /// 409 for a UID that is not the object's.
    pub fn other_uid(gvr: &Gvr, name: &str, wanted: &str, found: &str) -> Self {
        let mut error = Self::conflict(gvr, name);
        error.message = format!(
            "Operation cannot be fulfilled on {} \"{name}\": Precondition failed: UID in precondition: {wanted}, UID \
             in object meta: {found}",
            gvr.qualified()
        );
        error
    }

    /// 409 of an eviction that names another UID (`registry/core/pod/storage/eviction.go`).
    pub fn other_pod(name: &str, wanted: &str, found: &str) -> Self {
        let message = format!(
            "Operation cannot be fulfilled on Pod \"{name}\": the UID in the precondition ({wanted}) does not match \
             the UID in record ({found}). The object might have been deleted and then recreated"
        );
        Self::new(409, "Conflict", message, Some(json!({"name": name, "kind": "Pod"})))
    }

    /// 422 of a patch that is one and cannot be applied: why is told to nobody.
    pub fn inapplicable() -> Self {
        let message = "the server rejected our request due to an error in our request";
        Self::new(422, "Invalid", message.into(), Some(json!({})))
    }

    /// 500 for a version of the storage that is none.
    pub fn no_version(text: &str) -> Self {
        let why = format!("strconv.ParseUint: parsing {text:?}: invalid syntax");
        Self::new(500, "", format!("resourceVersion: Invalid value: {text:?}: {why}"), None)
    }

    /// 406 for an answer in a form that the server does not make.
    pub fn not_acceptable() -> Self {
        let message = "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, \
                       application/vnd.kubernetes.protobuf";
        Self::new(406, "NotAcceptable", message.into(), Some(json!({})))
    }

    /// 415 for a patch of a type that is none.
    pub fn unknown_patch() -> Self {
        Self::new(415, "UnsupportedMediaType", "415: Unsupported Media Type".into(), Some(json!({})))
    }

    /// 415 for a body format the server does not read.
    pub fn unsupported_media_type(message: impl Into<String>) -> Self {
        Self::new(415, "UnsupportedMediaType", message.into(), None)
    }

    /// 503 for a group of an aggregated server that is not there.
    pub fn unavailable(verb: &str, gvr: &Gvr) -> Self {
        let message = format!("the server is currently unable to handle the request ({verb} {})", gvr.qualified());
        Self::new(503, "ServiceUnavailable", message, None)
    }

    /// 500 with the given sentence.
    pub fn internal(message: impl AsRef<str>) -> Self {
        Self::new(
            500,
            "InternalError",
            format!("Internal error occurred: {message}", message = message.as_ref()),
            Some(json!({"causes": [{"message": message.as_ref()}]})),
        )
    }

    /// A refusal by an admission policy, with the reason that it names (API reference, `Validation`); `Invalid` unless
    /// it names one.
    pub fn denied_by_policy(gvr: &Gvr, name: &str, reason: &str, why: &str) -> Self {
        let (code, reason) = match reason {
            "Unauthorized" => (401, "Unauthorized"),
            "Forbidden" => (403, "Forbidden"),
            "RequestEntityTooLarge" => (413, "RequestEntityTooLarge"),
            _ => (422, "Invalid"),
        };
        let details = json!({"name": name, "group": gvr.group, "kind": gvr.resource, "causes": [{"message": why}]});
        Self::new(code, reason, format!("{} \"{name}\" is forbidden: {why}", gvr.qualified()), Some(details))
    }

    /// A refusal by an admission webhook with the code and message it gave.
    pub fn denied_by_webhook(webhook: &str, code: u16, message: &str) -> Self {
        let text = if message.is_empty() {
            format!("admission webhook \"{webhook}\" denied the request without explanation")
        } else {
            format!("admission webhook \"{webhook}\" denied the request: {message}")
        };
        let (code, reason) = match code {
            403 => (403, "Forbidden"),
            422 => (422, "Invalid"),
            _ => (400, "BadRequest"),
        };
        Self::new(code, reason, text, None)
    }

    /// The `Status` object.
    pub fn status(&self) -> Value {
        let mut status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {},
            "status": "Failure", "message": self.message,
        });
        if let Some(map) = status.as_object_mut() {
            if !self.reason.is_empty() {
                map.insert("reason".into(), self.reason.into());
            }
            if let Some(details) = &self.details {
                let mut details = details.clone();
                // Go leaves out what is empty (`omitempty` of `StatusDetails`).
                if let Some(all) = details.as_object_mut() {
                    all.retain(|_, value| value.as_str() != Some(""));
                }
                map.insert("details".into(), details);
            }
            map.insert("code".into(), self.code.into());
        }
        status
    }
}
