//! Reading a request: what it addresses, its query, its body.

use http::{HeaderMap, Method, header};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use serde_json::Value;
use trustwalk_lab_serve::PATIENCE;

use crate::{
    objects::{
        address::Key,
        errors::ApiError,
        json,
        kinds::Kind,
        protobuf,
        selector::{self, Filter},
    },
    rbac::{Attempt, User},
    store::Store,
    writes::{pipeline::Writer, warnings::Warnings},
};

/// Largest body read: the API server's own limit, 3 MiB.
const LARGEST_BODY: usize = 3 * 1024 * 1024;

/// A resource address: `/api/v1/namespaces/x/pods/y/log` and its likes.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) kind: &'static Kind,
    pub(crate) namespace: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) subresource: String,
    /// Old-style `/watch/` path.
    pub(crate) watch: bool,
}

impl Target {
    /// Takes a path apart; `None` when it is no resource path.
    pub(crate) fn parse(store: &Store, path: &str) -> Option<Self> {
        let decoded: Vec<String> = path.split('/').filter(|part| !part.is_empty()).map(percent_decode).collect();
        let parts: Vec<&str> = decoded.iter().map(String::as_str).collect();
        let (group, version, rest) = match parts.as_slice() {
            ["api", version, rest @ ..] => ("", *version, rest),
            ["apis", group, version, rest @ ..] => (*group, *version, rest),
            _ => return None,
        };
        let (watch, rest) = match rest {
            ["watch", rest @ ..] => (true, rest),
            _ => (false, rest),
        };
        let (namespace, resource, rest) = match rest {
            // `/namespaces/x/status` is the namespace's own subresource.
            ["namespaces", name, "status" | "finalize"] => (None, "namespaces", [*name, "status"].to_vec()),
            ["namespaces", namespace, resource, rest @ ..] => (Some((*namespace).to_owned()), *resource, rest.to_vec()),
            [resource, rest @ ..] => (None, *resource, rest.to_vec()),
            [] => return None,
        };
        let kind = store.kind(group, version, resource)?;
        let mut rest = rest.into_iter();
        let name = rest.next().map(str::to_owned);
        let subresource = rest.next().unwrap_or("").to_owned();
        if rest.next().is_some() {
            return None;
        }
        Some(Self { kind, namespace, name, subresource, watch })
    }

    /// The key, when the target names an object.
    pub(crate) fn key(&self) -> Result<Key, ApiError> {
        let name = self.name.as_deref().ok_or_else(ApiError::method_not_allowed)?;
        Ok(Key::new(self.kind.gvr(), self.namespace.as_deref(), name))
    }
}

fn percent_decode(part: &str) -> String {
    if !part.contains('%') {
        return part.to_owned();
    }
    // A `+` is a plus in a path, a space only in forms.
    form_urlencoded::parse(format!("p={}", part.replace('+', "%2B")).as_bytes())
        .next()
        .map_or_else(String::new, |(_, value)| value.into_owned())
}

/// A request without its body.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    /// Authority the client addressed.
    pub(crate) host: String,
    pub(crate) user: User,
    pub(crate) warnings: Warnings,
}

impl Call {
    /// Who writes by this request.
    pub(crate) fn writer<'c>(&'c self, manager: &'c str, dry_run: bool) -> Writer<'c> {
        Writer { user: &self.user, manager, dry_run, warnings: self.warnings.clone() }
    }

    /// The last value of a query parameter, or empty.
    pub(crate) fn param(&self, name: &str) -> &str {
        self.query.iter().rev().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// Whether a query parameter says true.
    pub(crate) fn flag(&self, name: &str) -> bool {
        matches!(self.param(name), "true" | "1")
    }

    /// A number of the query, as Go reads it.
    pub(crate) fn number(&self, name: &str) -> Result<Option<i64>, ApiError> {
        use std::num::IntErrorKind::{NegOverflow, PosOverflow};
        let text = self.param(name);
        if text.is_empty() {
            return Ok(None);
        }
        let why = match text.parse::<i64>() {
            Ok(n) => return Ok(Some(n)),
            Err(error) if matches!(error.kind(), PosOverflow | NegOverflow) => "value out of range",
            Err(_) => "invalid syntax",
        };
        Err(ApiError::bad_request(format!("strconv.ParseInt: parsing {text:?}: {why}")))
    }

    fn header(&self, name: header::HeaderName) -> &str {
        self.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or("")
    }

    /// `Accept`.
    pub(crate) fn accept(&self) -> &str {
        self.header(header::ACCEPT)
    }

    /// `Content-Type` without parameters.
    pub(crate) fn content_type(&self) -> &str {
        let value = self.header(header::CONTENT_TYPE);
        value.split(';').next().unwrap_or("").trim()
    }

    /// Who is recorded as the field manager: the query's word, or the program name
    /// of the user agent (Kubernetes docs, "Server-Side Apply").
    pub(crate) fn manager(&self) -> String {
        let named = self.param("fieldManager");
        if !named.is_empty() {
            return named.to_owned();
        }
        let agent = self.header(header::USER_AGENT);
        let program = agent.split('/').next().unwrap_or("");
        if program.is_empty() { "unknown".into() } else { program.into() }
    }

    /// Whether nothing is to be stored.
    pub(crate) fn dry_run(&self) -> bool {
        self.param("dryRun") == "All"
    }

    /// The selectors, plus the object's name for single-object watches.
    pub(crate) fn filter(&self, target: &Target) -> Result<Filter, ApiError> {
        let filter = Filter::parse(self.param("labelSelector"), self.param("fieldSelector"))?;
        if let Some(label) = filter.unknown_field(target.kind) {
            return Err(ApiError::bad_request(selector::not_selectable(target.kind, label)));
        }
        Ok(match &target.name {
            Some(name) => filter.by_name(name),
            None => filter,
        })
    }

    /// The RBAC verb of this call on a target.
    pub(crate) fn verb(&self, target: &Target) -> &'static str {
        let watch = target.watch || self.flag("watch");
        match self.method.as_str() {
            "GET" | "HEAD" if matches!(target.subresource.as_str(), "exec" | "attach" | "portforward") => {
                // WebSockets are opened by GET (kubectl 1.31 and later); either method asks
                // for `create` on the subresource since Kubernetes 1.35.
                "create"
            }
            "GET" | "HEAD" if watch => "watch",
            "GET" | "HEAD" if target.name.is_some() => "get",
            "GET" | "HEAD" => "list",
            "POST" => "create",
            "PUT" => "update",
            "PATCH" => "patch",
            "DELETE" if target.name.is_some() => "delete",
            "DELETE" => "deletecollection",
            _ => "unknown",
        }
    }

    /// The attempt RBAC judges.
    pub(crate) fn attempt<'a>(&self, target: &'a Target) -> Attempt<'a> {
        Attempt {
            verb: self.verb(target),
            group: target.kind.group,
            resource: target.kind.resource,
            subresource: &target.subresource,
            namespace: target.namespace.as_deref().unwrap_or(""),
            name: target.name.as_deref().unwrap_or(""),
        }
    }
}

/// Decodes a query string.
pub(crate) fn parse_query(query: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

/// Reads a JSON (or, where apply allows it, YAML) body; an empty one is null.
pub(crate) async fn read_body(body: Incoming, content_type: &str) -> Result<Value, ApiError> {
    let read = tokio::time::timeout(PATIENCE, Limited::new(body, LARGEST_BODY).collect()).await;
    let bytes = read.map_err(|_| ApiError::too_slow())?.map_err(|_| ApiError::too_large())?.to_bytes();
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    if content_type.ends_with("protobuf") {
        return protobuf::decode(&bytes).map_err(|e| ApiError::bad_request(format!("error decoding protobuf: {e}")));
    }
    if content_type.ends_with("cbor") {
        return Err(ApiError::unsupported_media_type(format!(
            "the body of the request was in an unknown format - accepted media types include: application/json, \
             application/yaml (got {content_type})"
        )));
    }
    let parsed = serde_json::from_slice(&bytes);
    if content_type.ends_with("yaml")
        && parsed.is_err()
        && let Ok(text) = std::str::from_utf8(&bytes)
    {
        return serde_saphyr::from_str(text).map_err(|e| ApiError::bad_request(format!("error decoding YAML: {e}")));
    }
    parsed.map_err(|e| ApiError::bad_request(format!("couldn't get version/kind; json parse error: {e}")))
}

/// The body's `metadata.namespace` must be the path's; absent, it becomes it.
pub(crate) fn settle_namespace(target: &Target, object: &mut Value) -> Result<(), ApiError> {
    let Some(wanted) = target.namespace.as_deref() else {
        return Ok(());
    };
    let given = json::namespace(object);
    if given.is_empty() {
        json::put(object, "/metadata/namespace", wanted.into());
        return Ok(());
    }
    if given == wanted {
        return Ok(());
    }
    Err(ApiError::bad_request("the namespace of the provided object does not match the namespace sent on the request"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_come_apart() {
        let store = Store::new(std::sync::Arc::new(jiff::Timestamp::now));
        let parse = |path| Target::parse(&store, path);
        let target = parse("/api/v1/namespaces/a/pods/b/log").unwrap();
        assert_eq!(target.kind.kind, "Pod");
        assert_eq!(target.namespace.as_deref(), Some("a"));
        assert_eq!(target.name.as_deref(), Some("b"));
        assert_eq!(target.subresource, "log");
        let target = parse("/api/v1/namespaces/a").unwrap();
        assert_eq!((target.kind.kind, target.name.as_deref()), ("Namespace", Some("a")));
        let target = parse("/apis/apps/v1/daemonsets").unwrap();
        assert_eq!((target.kind.kind, target.name), ("DaemonSet", None));
        assert!(parse("/api/v1").is_none());
    }
}
