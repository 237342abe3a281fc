//! One HTTP request to the lab's account, signed or not, as a pod's network lets it.

use std::time::{Duration, SystemTime};

use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use http::{Method, Request, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;

use super::{context::Context, failure::Failure};
use crate::{
    config::{NodeConfig, Reach},
    credentials::Credentials,
};

/// Most bytes read of an answer; a full node's interfaces is far below.
const LARGEST_ANSWER: usize = 4 * 1024 * 1024;
/// The VPC CNI's own HTTP timeout (amazon-vpc-cni-k8s).
const TIMEOUT: Duration = Duration::from_secs(10);

/// A request to one AWS endpoint.
pub(crate) struct Outgoing {
    pub(crate) method: Method,
    pub(crate) host: String,
    pub(crate) path: String,
    pub(crate) content_type: &'static str,
    pub(crate) body: String,
}

/// An answer of any status.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) request_id: Option<String>,
    pub(crate) body: String,
}

/// What a request is signed for.
pub(crate) struct Scope<'a> {
    pub(crate) credentials: &'a Credentials,
    pub(crate) service: &'a str,
    pub(crate) region: &'a str,
}

/// Sends a request; with a scope it is signed with Signature Version 4.
pub(crate) async fn send(context: &Context, outgoing: Outgoing, scope: Option<Scope<'_>>) -> Result<Answer, Failure> {
    let config = &context.settings.get();
    let reach = context.reach(&config.network, &outgoing.host);
    let host = outgoing.host.clone();
    let failed = |reach| Failure::Transport { host: host.clone(), reach, exchanging: false };
    if reach != Reach::Open {
        return Err(failed(reach));
    }
    let unreachable = || failed(Reach::Blackholed);
    let request = build(context, config, &outgoing, scope).ok_or_else(unreachable)?;
    tokio::time::timeout(TIMEOUT, exchange(config, request)).await.ok().flatten().ok_or_else(unreachable)
}

fn build(
    context: &Context,
    config: &NodeConfig,
    outgoing: &Outgoing,
    scope: Option<Scope<'_>>,
) -> Option<Request<Full<Bytes>>> {
    let mut request = Request::builder()
        .method(&outgoing.method)
        .uri(&outgoing.path)
        .header(header::HOST, &outgoing.host)
        .header(header::CONTENT_TYPE, outgoing.content_type)
        .header(header::USER_AGENT, context.user_agent)
        // All pods share loopback: this tells the account which node speaks, as the address would.
        .header("x-forwarded-for", context.address())
        .body(Full::new(Bytes::from(outgoing.body.clone())))
        .ok()?;
    if let Some(scope) = scope {
        let own = scope.credentials;
        let identity = aws_credential_types::Credentials::new(
            &own.access_key_id,
            &own.secret_access_key,
            own.session_token.clone(),
            None,
            "lab",
        )
        .into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(scope.region)
            .name(scope.service)
            .time(SystemTime::from(context.by_own_clock((config.clock)())))
            .settings(SigningSettings::default())
            .build()
            .ok()?
            .into();
        let url = format!("https://{}{}", outgoing.host, outgoing.path);
        let headers = [("content-type", outgoing.content_type)];
        let signable = SignableRequest::new(
            outgoing.method.as_str(),
            &url,
            headers.into_iter(),
            SignableBody::Bytes(outgoing.body.as_bytes()),
        )
        .ok()?;
        let (instructions, _) = sign(signable, &params).ok()?.into_parts();
        instructions.apply_to_request_http1x(&mut request);
    }
    Some(request)
}

async fn exchange(config: &NodeConfig, request: Request<Full<Bytes>>) -> Option<Answer> {
    let stream = tokio::net::TcpStream::connect(config.aws).await.ok()?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.ok()?;
    let answer = async {
        let response = sender.send_request(request).await.ok()?;
        let (parts, body) = response.into_parts();
        let body = Limited::new(body, LARGEST_ANSWER).collect().await.ok()?;
        let request_id =
            ["x-amzn-requestid", "x-amz-request-id"].iter().find_map(|name| parts.headers.get(*name)?.to_str().ok());
        Some(Answer {
            status: parts.status.as_u16(),
            request_id: request_id.map(Into::into),
            body: String::from_utf8_lossy(&body.to_bytes()).into_owned(),
        })
    };
    // The connection lives as long as the exchange: no task outlives its agent.
    tokio::pin!(answer);
    tokio::select! {
        answer = &mut answer => answer,
        _ = connection => answer.await,
    }
}
