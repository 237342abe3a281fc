//! Somebody outside who calls the account, as the AWS CLI does: signed with keys, over loopback.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use http::{Method, Request, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use serde_json::Value;

use crate::{agent, credentials::Credentials};

/// Most bytes read of an answer.
const LARGEST_ANSWER: usize = 4 * 1024 * 1024;
/// How long an answer may take. The account is on loopback, and the slowest call fetches documents from there.
const PATIENCE: Duration = Duration::from_secs(10);
/// How the query protocol sends its parameters.
const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";
/// How the REST protocols do.
const JSON: &str = "application/json";

/// Why a call came to nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallError {
    /// The account answered with an error.
    Refused {
        /// Its code, such as `MalformedPolicyDocument`.
        code: String,
        /// Its words.
        message: String,
    },
    /// There was no answer.
    Silent,
}

/// A caller with keys, in a region.
#[derive(Debug, Clone)]
pub struct Caller {
    aws: SocketAddr,
    region: String,
    keys: Credentials,
}

impl Caller {
    /// Who calls the endpoint at this address with these keys.
    pub fn new(aws: SocketAddr, region: &str, keys: Credentials) -> Self {
        Self { aws, region: region.to_owned(), keys }
    }

    /// A call of IAM (query protocol); the answer's XML.
    pub async fn iam(&self, action: &str, parameters: &[(&str, &str)]) -> Result<String, CallError> {
        let body = form(&[("Action", action), ("Version", "2010-05-08")], parameters);
        self.call(Some("iam"), "/", FORM, &body).await
    }

    /// The exchange of a token at STS, which nobody signs; the answer's XML.
    pub async fn exchange(&self, parameters: &[(&str, &str)]) -> Result<String, CallError> {
        let body = form(&[("Action", "AssumeRoleWithWebIdentity"), ("Version", "2011-06-15")], parameters);
        self.call(None, "/", FORM, &body).await
    }

    /// A POST to a service that speaks REST and JSON; the answer's JSON.
    pub async fn post(&self, service: &str, path: &str, body: &Value) -> Result<String, CallError> {
        self.call(Some(service), path, JSON, &body.to_string()).await
    }

    async fn call(
        &self,
        service: Option<&str>,
        path: &str,
        kind: &'static str,
        body: &str,
    ) -> Result<String, CallError> {
        let request = self.request(service, path, kind, body).ok_or(CallError::Silent)?;
        let answered = tokio::time::timeout(PATIENCE, sent(self.aws, request)).await;
        let (status, body) = answered.ok().flatten().ok_or(CallError::Silent)?;
        if status == 200 {
            return Ok(body);
        }
        let refused = agent::refused(status, None, &body);
        Err(CallError::Refused { code: refused.code, message: refused.message })
    }

    fn request(
        &self,
        service: Option<&str>,
        path: &str,
        kind: &'static str,
        body: &str,
    ) -> Option<Request<Full<Bytes>>> {
        let host = self.aws.to_string();
        let builder = Request::builder().method(Method::POST).uri(path);
        let builder = builder.header(header::HOST, &host).header(header::CONTENT_TYPE, kind);
        let mut request = builder.body(Full::new(Bytes::copy_from_slice(body.as_bytes()))).ok()?;
        let Some(service) = service else { return Some(request) };
        let token = self.keys.session_token.clone();
        let (id, secret) = (&self.keys.access_key_id, &self.keys.secret_access_key);
        let identity = aws_credential_types::Credentials::new(id, secret, token, None, "lab").into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(service)
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()
            .ok()?
            .into();
        let url = format!("https://{host}{path}");
        let headers = [("content-type", kind)];
        let body = SignableBody::Bytes(body.as_bytes());
        let signable = SignableRequest::new("POST", &url, headers.into_iter(), body).ok()?;
        let (instructions, _) = sign(signable, &params).ok()?.into_parts();
        instructions.apply_to_request_http1x(&mut request);
        Some(request)
    }
}

fn form(head: &[(&str, &str)], parameters: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(head).extend_pairs(parameters).finish()
}

async fn sent(aws: SocketAddr, request: Request<Full<Bytes>>) -> Option<(u16, String)> {
    let stream = tokio::net::TcpStream::connect(aws).await.ok()?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.ok()?;
    let answer = async {
        let (parts, body) = sender.send_request(request).await.ok()?.into_parts();
        let body = Limited::new(body, LARGEST_ANSWER).collect().await.ok()?;
        Some((parts.status.as_u16(), String::from_utf8_lossy(&body.to_bytes()).into_owned()))
    };
    // The connection lives as long as the call.
    tokio::pin!(answer);
    tokio::select! {
        answer = &mut answer => answer,
        _ = connection => answer.await,
    }
}
