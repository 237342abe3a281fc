//! The wire: requests signed, errors read, regions and suffixes.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use http::{Method, Request};
use http_body_util::Full;
use hyper::body::Bytes;

use super::error::AwsError;
use super::xml::Element;
use crate::urls::shown_url;
use crate::words;

/// The action of a call of the query protocol, beside its request.
#[derive(Debug, Clone)]
pub(super) struct Action(pub(super) String);

/// Which call it is, as IAM policies name it: an action, or else method and path.
pub(super) fn name_of(service: &str, request: &Request<Full<Bytes>>) -> String {
    let target = request.headers().get("x-amz-target").and_then(|v| v.to_str().ok());
    let action = request.extensions().get::<Action>().map(|a| a.0.as_str());
    match action.or(target.and_then(|t| t.rsplit('.').next())) {
        Some(action) => format!("{service}:{action}"),
        None => format!("{service}: {} {}", request.method(), request.uri().path()),
    }
}

pub(super) fn signature(
    parts: &http::request::Parts,
    body: &[u8],
    credentials: Credentials,
    region: &str,
    name: &str,
) -> Result<aws_sigv4::http_request::SigningInstructions, Box<dyn std::error::Error + Send + Sync>> {
    // What no header takes would end the signer, which expects to have been asked by an SDK.
    let plain = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic());
    let token = credentials.session_token().unwrap_or("-");
    if ![credentials.access_key_id(), credentials.secret_access_key(), token].into_iter().all(plain) {
        return Err("the credentials hold characters that cannot be sent, such as a line break".into());
    }
    if !plain(region) {
        return Err(format!("`{}` is no region", region.escape_debug()).into());
    }
    if parts.uri.host().is_none() {
        return Err("the endpoint has no host".into());
    }
    let identity = credentials.into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(name)
        .time(SystemTime::now())
        .settings(SigningSettings::default())
        .build()?;
    let headers = parts.headers.iter().filter_map(|(k, v)| v.to_str().ok().map(|v| (k.as_str(), v)));
    let signable =
        SignableRequest::new(parts.method.as_str(), parts.uri.to_string(), headers, SignableBody::Bytes(body))?;
    Ok(sign(signable, &params.into())?.into_parts().0)
}

pub(super) fn request(
    method: Method,
    url: &str,
    kind: &str,
    headers: &[(&str, &str)],
    body: String,
) -> Result<Request<Full<Bytes>>, AwsError> {
    let mut builder = Request::builder().method(method).uri(url).header("content-type", kind);
    for (k, v) in headers {
        builder = builder.header(*k, *v);
    }
    builder.body(Full::new(Bytes::from(body))).map_err(|e| AwsError::Transport(format!("`{}`: {e}", shown_url(url))))
}

/// What is told of a body that is no AWS error.
const STRANGERS_CHARS: usize = 120;

/// Error bodies of the query protocol, of EC2, and of the JSON protocols. Services repeat what they were sent, and what
/// stands before them does so too.
pub(crate) fn service_error(status: u16, body: &[u8]) -> AwsError {
    let from_xml = Element::parse(body).ok().and_then(|root| {
        let error = root.find("Error")?;
        let request_id = root.find("RequestId").or_else(|| root.find("RequestID")).map(|e| e.text.clone());
        Some(AwsError::Service {
            status,
            code: error.text_of("Code")?,
            message: error.text_of("Message").unwrap_or_default(),
            request_id,
        })
    });
    let from_json = || {
        let v = crate::json::parse(body).ok()?;
        let member = |names: &[&str]| names.iter().find_map(|n| v.get(n)?.as_str().map(str::to_owned));
        let code = member(&["__type", "code", "Code"])?;
        let code = code.rsplit('#').next().unwrap_or_default().to_owned();
        Some(AwsError::Service {
            status,
            code,
            message: member(&["message", "Message"]).unwrap_or_default(),
            request_id: None,
        })
    };
    let Some(error) = from_xml.or_else(from_json) else {
        let start = words::beginning(body, STRANGERS_CHARS);
        return AwsError::Transport(format!("HTTP {status} with a body that is no AWS error: {start}"));
    };
    error.redacted()
}

pub(super) fn iam_region(region: &str) -> &str {
    if region.starts_with("cn-") {
        "cn-north-1"
    } else if region.starts_with("us-gov-") {
        "us-gov-west-1"
    } else {
        "us-east-1"
    }
}

/// DNS suffix by partition (botocore partitions).
pub(super) fn dns_suffix(region: &str) -> &'static str {
    if region.starts_with("cn-") {
        "amazonaws.com.cn"
    } else if region.starts_with("eusc-") {
        "amazonaws.eu"
    } else {
        "amazonaws.com"
    }
}
