//! Answers, whole or as streams.

use std::convert::Infallible;

use http::{Response, StatusCode, header};
use http_body_util::{BodyExt, Full, combinators::UnsyncBoxBody};
use hyper::body::Bytes;
use serde_json::Value;

/// A response whose body cannot fail.
pub(crate) type Reply = Response<UnsyncBoxBody<Bytes, Infallible>>;

/// A whole body.
pub(crate) fn full(bytes: impl Into<Bytes>) -> UnsyncBoxBody<Bytes, Infallible> {
    Full::new(bytes.into()).boxed_unsync()
}

/// A JSON reply.
pub(crate) fn json_reply(code: u16, value: &Value) -> Reply {
    typed_reply(code, "application/json", value.to_string())
}

/// A reply of any type.
pub(crate) fn typed_reply(code: u16, kind: &'static str, body: impl Into<Bytes>) -> Reply {
    let mut reply = Response::new(full(body));
    *reply.status_mut() = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = reply.headers_mut();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-cache, private"));
    reply
}

/// A reply of plain text.
pub(crate) fn text_reply(text: &'static str) -> Reply {
    typed_reply(200, "text/plain; charset=utf-8", text)
}

/// Adds a `Warning` header, which kubectl prints.
pub(crate) fn warn(reply: &mut Reply, text: &str) {
    let quoted = text.replace('\\', "\\\\").replace('"', "\\\"");
    if let Ok(value) = header::HeaderValue::from_str(&format!("299 - \"{quoted}\"")) {
        reply.headers_mut().append(header::WARNING, value);
    }
}
