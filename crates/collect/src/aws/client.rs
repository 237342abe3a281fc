//! Signing, sending and telling failures apart.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use http::{Method, Request};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use trustwalk_core::evidence::{Clock, Observed, Source};

use super::xml::Element;
use crate::clock;
use crate::connect::Connector;
use crate::dial::Dialer;
use crate::limits::{API_BYTES, API_TIMEOUT};
use crate::roots::RootOptions;

/// The variables of keys in the environment.
const KEYS: [&str; 2] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];

/// A service and how it is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// IAM, query protocol, global.
    Iam,
    /// STS, query protocol, regional.
    Sts,
    /// EKS, REST-JSON, regional.
    Eks,
    /// `CloudTrail`, JSON 1.1, regional.
    CloudTrail,
}

impl Service {
    fn signing_name(self) -> &'static str {
        match self {
            Self::Iam => "iam",
            Self::Sts => "sts",
            Self::Eks => "eks",
            Self::CloudTrail => "cloudtrail",
        }
    }

    /// The suffix of `AWS_ENDPOINT_URL_<SERVICE>`.
    fn variable(self) -> &'static str {
        match self {
            Self::Iam => "IAM",
            Self::Sts => "STS",
            Self::Eks => "EKS",
            Self::CloudTrail => "CLOUDTRAIL",
        }
    }
}

/// How the account is reached.
#[derive(Debug, Clone, Default)]
pub struct AwsOptions {
    /// `--profile`.
    pub profile: Option<String>,
    /// `--region`.
    pub region: Option<String>,
    /// `--endpoint-url`.
    pub endpoint: Option<String>,
    /// Keys given by a caller that has them at hand, such as the demo in its own lab.
    pub keys: Option<Credentials>,
}

/// An answer that is not the one asked for.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AwsError {
    /// The service answered with an error.
    #[error("{code}: {message}")]
    Service {
        /// HTTP status.
        status: u16,
        /// Code, such as `AccessDenied`.
        code: String,
        /// Message.
        message: String,
        /// Request id.
        request_id: Option<String>,
    },
    /// No answer, or none that could be understood.
    #[error("{0}")]
    Transport(String),
    /// No credentials.
    #[error("no AWS credentials: {0}")]
    NoCredentials(String),
}

impl AwsError {
    /// Whether it is certain that nothing was changed: the service said no, or was never asked. A failure of the
    /// service's own, or an answer that got lost, may follow a change (AWS General Reference, "Error retries").
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Service { status, .. } => (400..500).contains(status),
            Self::NoCredentials(_) => true,
            Self::Transport(_) => false,
        }
    }
}

/// A client of one account.
#[derive(Clone)]
pub struct AwsClient {
    http: Client<Connector, Full<Bytes>>,
    credentials: Option<SharedCredentialsProvider>,
    region: String,
    endpoint: Option<String>,
    profile: Option<String>,
    now: i64,
    /// What the first answer said the time is.
    clock: Arc<OnceLock<Clock>>,
}

impl std::fmt::Debug for AwsClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AwsClient").field("region", &self.region).finish_non_exhaustive()
    }
}

/// Region when none is configured anywhere: IAM answers there, and STS's global endpoint did.
const FALLBACK_REGION: &str = "us-east-1";

impl AwsClient {
    /// A client configured as the AWS CLI is: environment, profiles, SSO, containers, instance.
    pub async fn new(options: &AwsOptions, dialer: Dialer, roots: RootOptions, now: i64) -> Self {
        let mut loader = aws_config::defaults(aws_config::BehaviorVersion::latest());
        if let Some(profile) = &options.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(region) = &options.region {
            loader = loader.region(aws_config::Region::new(region.clone()));
        } else if std::env::var_os("AWS_REGION").is_none()
            && std::env::var_os("AWS_DEFAULT_REGION").is_none()
            && std::env::var_os("AWS_ENDPOINT_URL").is_some()
        {
            // With an endpoint given, nobody need ask instance metadata for a region.
            loader = loader.region(aws_config::Region::from_static(FALLBACK_REGION));
        }
        // The default chain makes a client for STS, roots and all, before it looks at the environment.
        if let Some(keys) = &options.keys {
            loader = loader.credentials_provider(keys.clone());
        } else if let Some(profile) = &options.profile {
            // As for the AWS CLI, a profile that is asked for goes before keys in the environment.
            let provider = ProfileFileCredentialsProvider::builder().profile_name(profile).build();
            loader = loader.credentials_provider(provider);
        } else if KEYS.iter().all(|name| std::env::var_os(name).is_some_and(|v| !v.is_empty())) {
            loader = loader.credentials_provider(EnvironmentVariableCredentialsProvider::new());
        }
        let config = loader.load().await;
        let profile = options.profile.clone().or_else(|| std::env::var("AWS_PROFILE").ok().filter(|p| !p.is_empty()));
        let region = config.region().map_or_else(|| FALLBACK_REGION.to_owned(), ToString::to_string);
        let endpoint = options.endpoint.clone().or_else(|| config.endpoint_url().map(str::to_owned));
        let http = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(Duration::from_secs(5))
            .build(Connector::new(dialer, roots));
        Self { http, credentials: config.credentials_provider(), region, endpoint, profile, now, clock: Arc::default() }
    }

    /// The region in use.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The endpoint of a service.
    pub fn endpoint(&self, service: Service) -> String {
        if let Ok(url) = std::env::var(format!("AWS_ENDPOINT_URL_{}", service.variable())) {
            return url;
        }
        if let Some(url) = &self.endpoint {
            return url.trim_end_matches('/').to_owned();
        }
        let suffix = dns_suffix(&self.region);
        match service {
            Service::Iam if self.region.starts_with("cn-") => format!("https://iam.cn-north-1.{suffix}"),
            Service::Iam if self.region.starts_with("us-gov-") => format!("https://iam.us-gov.{suffix}"),
            Service::Iam => format!("https://iam.{suffix}"),
            Service::Sts | Service::Eks | Service::CloudTrail => {
                format!("https://{}.{}.{suffix}", service.signing_name(), self.region)
            }
        }
    }

    /// What AWS said the time is, by the `Date` of its first answer.
    pub fn clock(&self) -> Observed<Clock> {
        let source = Source { what: "Date of an answer of AWS".to_owned(), at: self.now, by_hand: None };
        match self.clock.get() {
            Some(clock) => Observed::Known { value: clock.clone(), source },
            None => Observed::NotCollected { reason: "AWS answered nothing".to_owned() },
        }
    }

    /// When this walk began, Unix seconds.
    pub fn now(&self) -> i64 {
        self.now
    }

    /// A signed query-protocol call; the answer's XML.
    pub async fn query(&self, service: Service, parameters: &[(&str, &str)]) -> Result<Element, AwsError> {
        let request = self.query_request(service, parameters)?;
        let (_, body) = self.send(service, request, true).await?;
        Element::parse(&body).map_err(AwsError::Transport)
    }

    /// The same without a signature, as `AssumeRoleWithWebIdentity` is called.
    pub async fn query_unsigned(&self, service: Service, parameters: &[(&str, &str)]) -> Result<Element, AwsError> {
        let request = self.query_request(service, parameters)?;
        let (_, body) = self.send(service, request, false).await?;
        Element::parse(&body).map_err(AwsError::Transport)
    }

    fn query_request(&self, service: Service, parameters: &[(&str, &str)]) -> Result<Request<Full<Bytes>>, AwsError> {
        let body = parameters.iter().map(|(k, v)| format!("{k}={}", encode(v))).collect::<Vec<_>>().join("&");
        request(
            Method::POST,
            &format!("{}/", self.endpoint(service)),
            "application/x-www-form-urlencoded; charset=utf-8",
            &[],
            body,
        )
    }

    /// A signed REST-JSON GET.
    pub async fn rest(&self, service: Service, path: &str) -> Result<serde_json::Value, AwsError> {
        let url = format!("{}{path}", self.endpoint(service));
        let request = request(Method::GET, &url, "application/json", &[], String::new())?;
        let (_, body) = self.send(service, request, true).await?;
        serde_json::from_slice(&body).map_err(|e| AwsError::Transport(format!("the answer is not JSON: {e}")))
    }

    /// A signed JSON 1.1 call.
    pub async fn json(
        &self,
        service: Service,
        target: &str,
        body: &serde_json::Value,
    ) -> Result<serde_json::Value, AwsError> {
        let url = format!("{}/", self.endpoint(service));
        let headers = [("x-amz-target", target)];
        let request = request(Method::POST, &url, "application/x-amz-json-1.1", &headers, body.to_string())?;
        let (_, body) = self.send(service, request, true).await?;
        serde_json::from_slice(&body).map_err(|e| AwsError::Transport(format!("the answer is not JSON: {e}")))
    }

    async fn send(
        &self,
        service: Service,
        request: Request<Full<Bytes>>,
        signed: bool,
    ) -> Result<(u16, Bytes), AwsError> {
        let request = if signed { self.sign(service, request).await? } else { request };
        let endpoint = self.endpoint(service);
        let call = async {
            let answer =
                self.http.request(request).await.map_err(|e| AwsError::Transport(unreachable_text(&endpoint, &e)))?;
            let status = answer.status().as_u16();
            if let Some(ahead) = clock::ahead(answer.headers()) {
                self.clock.get_or_init(|| Clock { server: endpoint.clone(), ahead });
            }
            let body = Limited::new(answer.into_body(), API_BYTES)
                .collect()
                .await
                .map_err(|e| AwsError::Transport(format!("{endpoint}: {e}")))?
                .to_bytes();
            Ok::<_, AwsError>((status, body))
        };
        let (status, body) = tokio::time::timeout(API_TIMEOUT, call)
            .await
            .map_err(|_| AwsError::Transport(format!("{endpoint}: no answer within {} s", API_TIMEOUT.as_secs())))??;
        if (200..300).contains(&status) { Ok((status, body)) } else { Err(service_error(status, &body)) }
    }

    async fn sign(&self, service: Service, request: Request<Full<Bytes>>) -> Result<Request<Full<Bytes>>, AwsError> {
        let provider =
            self.credentials.as_ref().ok_or_else(|| AwsError::NoCredentials("none configured".to_owned()))?;
        let credentials = provider.provide_credentials().await.map_err(|e| AwsError::NoCredentials(deepest(&e)))?;
        let region = if service == Service::Iam { iam_region(&self.region) } else { &self.region };
        let (parts, body) = request.into_parts();
        let bytes = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        let instructions = signature(&parts, &bytes, credentials, region, service.signing_name())
            .map_err(|e| AwsError::Transport(format!("cannot sign: {e}")))?;
        let mut request = Request::from_parts(parts, Full::new(bytes));
        instructions.apply_to_request_http1x(&mut request);
        Ok(request)
    }

    /// A call's outcome as an observation.
    pub fn observe<T>(&self, outcome: Result<T, AwsError>, what: &str, permission: &str, by_hand: &str) -> Observed<T> {
        let source = Source { what: what.to_owned(), at: self.now, by_hand: Some(by_hand.to_owned()) };
        match outcome {
            Ok(value) => Observed::Known { value, source },
            Err(AwsError::Service { status, code, message, .. }) => {
                if status == 404 || code.starts_with("NoSuchEntity") || code.starts_with("ResourceNotFound") {
                    Observed::Absent { source }
                } else if status == 403 || code.starts_with("AccessDenied") || code == "UnauthorizedOperation" {
                    let wrong_key = [
                        "InvalidClientTokenId",
                        "SignatureDoesNotMatch",
                        "ExpiredToken",
                        "UnrecognizedClientException",
                    ];
                    let bad = wrong_key.iter().any(|c| code.starts_with(c));
                    let permission =
                        if bad { format!("valid AWS credentials ({code})") } else { permission.to_owned() };
                    Observed::Denied { source, permission, message }
                } else {
                    Observed::Unreachable { source, error: format!("{code}: {message}") }
                }
            }
            Err(AwsError::NoCredentials(message)) => {
                let from = match &self.profile {
                    Some(profile) => format!("profile `{profile}` gives none, see `aws configure list-profiles`"),
                    None => "none in the environment, the profiles or the instance".to_owned(),
                };
                Observed::Denied { source, permission: format!("AWS credentials ({from})"), message }
            }
            Err(AwsError::Transport(error)) => Observed::Unreachable { source, error },
        }
    }
}

fn signature(
    parts: &http::request::Parts,
    body: &[u8],
    credentials: Credentials,
    region: &str,
    name: &str,
) -> Result<aws_sigv4::http_request::SigningInstructions, Box<dyn std::error::Error + Send + Sync>> {
    // The signer takes for granted that these fit into a header.
    for (name, value) in [
        ("the region", Some(region)),
        ("the access key's id", Some(credentials.access_key_id())),
        ("the session token", credentials.session_token()),
    ] {
        if value.is_some_and(|v| http::HeaderValue::from_str(v).is_err()) {
            return Err(format!("{name} holds a line break or another character that no header may hold").into());
        }
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

fn request(
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
    builder.body(Full::new(Bytes::from(body))).map_err(|e| AwsError::Transport(format!("`{url}`: {e}")))
}

/// Error bodies of the query protocol, of EC2, and of the JSON protocols.
fn service_error(status: u16, body: &[u8]) -> AwsError {
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
        let v: serde_json::Value = serde_json::from_slice(body).ok()?;
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
    from_xml.or_else(from_json).unwrap_or_else(|| {
        let start: String = String::from_utf8_lossy(body).chars().take(120).collect();
        AwsError::Transport(format!("HTTP {status} with a body that is no AWS error: {start}"))
    })
}

fn unreachable_text(endpoint: &str, error: &hyper_util::client::legacy::Error) -> String {
    format!("{endpoint}: {}", deepest(error))
}

/// The innermost reason: outer layers say only that something failed.
fn deepest(error: &dyn std::error::Error) -> String {
    let mut inner = error;
    while let Some(next) = inner.source() {
        inner = next;
    }
    inner.to_string()
}

fn iam_region(region: &str) -> &str {
    if region.starts_with("cn-") {
        "cn-north-1"
    } else if region.starts_with("us-gov-") {
        "us-gov-west-1"
    } else {
        "us-east-1"
    }
}

/// DNS suffix by partition (botocore partitions).
fn dns_suffix(region: &str) -> &'static str {
    if region.starts_with("cn-") {
        "amazonaws.com.cn"
    } else if region.starts_with("eusc-") {
        "amazonaws.eu"
    } else {
        "amazonaws.com"
    }
}

fn encode(text: &str) -> String {
    crate::percent::encode(text)
}
