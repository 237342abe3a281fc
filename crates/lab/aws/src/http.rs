//! One endpoint for all services: routing by signature scope, body and path.

use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use tokio::net::TcpListener;
use trustwalk_lab_serve::{PATIENCE, Version, accept, speak};

use crate::account::Account;
use crate::callers::request_id;
use crate::lag::View;
use crate::language::Keys;
use crate::origin::Origin;
use crate::outcome::{AwsFault, escape, tag};
use crate::query::Parameters;
use crate::sigv4::{self, Caller, Signed};
use crate::{assume, cloudtrail, ec2, eks, iam, pod_identity, s3, sts};

/// Largest request: IAM's largest parameter, a policy of 131,072 characters, percent-encoded.
const LARGEST_REQUEST: usize = 1 << 20;
/// Connections at a time: pods and clients use one each for a call.
const CONNECTIONS: usize = 256;

const IAM_NS: &str = "https://iam.amazonaws.com/doc/2010-05-08/";
const STS_NS: &str = "https://sts.amazonaws.com/doc/2011-06-15/";
const EC2_NS: &str = "http://ec2.amazonaws.com/doc/2016-11-15/";

impl Account {
    /// Serves until `shutdown` is done.
    pub async fn serve(self, listener: TcpListener, shutdown: impl Future<Output = ()>) {
        accept(listener, CONNECTIONS, shutdown, move |stream, slot| {
            let account = self.clone();
            speak(stream, slot, Version::One, move |request| {
                let account = account.clone();
                async move { account.dated(account.answer(request).await) }
            })
        })
        .await;
    }

    /// An answer with the account's own time: clients compare it with theirs.
    fn dated(&self, mut response: Response<Full<Bytes>>) -> Response<Full<Bytes>> {
        let date = self.now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        if let Ok(date) = date.parse() {
            response.headers_mut().insert("date", date);
        }
        response
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (parts, body) = request.into_parts();
        let collected = tokio::time::timeout(PATIENCE, Limited::new(body, LARGEST_REQUEST).collect()).await;
        let body = match collected {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(_)) => return reply(413, "text/plain", "request too large".to_owned()),
            Err(_) => return reply(408, "text/plain", "request too slow".to_owned()),
        };
        let signed = Signed {
            method: parts.method.as_str(),
            path: parts.uri.path(),
            query: parts.uri.query().unwrap_or_default(),
            headers: &parts.headers,
            body: &body,
        };
        let text = String::from_utf8_lossy(&body).into_owned();
        let form = Parameters::parse(if text.is_empty() { signed.query } else { &text });
        let action = form.text("Action");
        if action == "AssumeRoleWithWebIdentity"
            && let Some(service) = other_service(&parts.headers)
        {
            return not_sts(&service, &action, &form);
        }
        if action == "AssumeRoleWithWebIdentity" {
            // The role's account answers; an account unknown to the lab has no provider either.
            let owner = self.owner_of(&form.text("RoleArn")).unwrap_or_else(|| self.clone()).seen_by(View::Decides);
            if let Err(refused) = owner.own.buckets.take("sts", owner.now()) {
                return query_reply(&action, STS_NS, Err(refused));
            }
            let origin = Origin::of(&parts.headers);
            let outcome = sts::web_identity(&owner, &form, &origin).await;
            return query_reply(&action, STS_NS, outcome);
        }
        let service = sigv4::scope_service(&parts.headers).unwrap_or_default();
        let home = self.home_of(&sigv4::access_key(&parts.headers).unwrap_or_default());
        let caller = match sigv4::verify(&home, &signed) {
            Ok(caller) => caller,
            Err(fault) => return fault_reply(&service, fault),
        };
        if let Err(refused) = home.own.buckets.take(&caller.service, home.now()) {
            return fault_reply(&service, refused);
        }
        let deciding = home.seen_by(View::Decides);
        match caller.service.as_str() {
            "iam" => query_reply(&action, IAM_NS, iam::call(&home, &caller, &action, &form).await),
            "sts" => query_reply(&action, STS_NS, assume::call(&deciding, &caller, &action, &form)),
            "ec2" => ec2_reply(&action, ec2::call(&home, &caller, &action, &form)),
            "s3" => s3_reply(s3::call(&home, &caller, &signed)),
            "eks" => json_reply(eks::call(&home, &caller, &signed)),
            "eks-auth" => json_reply(pod_identity::call(&deciding, &caller, &signed).await),
            "cloudtrail" => {
                let target = parts.headers.get("x-amz-target").and_then(|t| t.to_str().ok()).unwrap_or_default();
                json_reply(cloudtrail::call(&home, &caller, target, &body))
            }
            other => {
                fault_reply(other, AwsFault::new(400, "InvalidAction", format!("the lab has no service `{other}`")))
            }
        }
    }

    /// Refuses unless the caller's policies allow the action on the resource.
    pub(crate) fn authorise(&self, caller: &Caller, action: &str, resource: &str) -> Result<(), AwsFault> {
        self.authorise_with(caller, action, resource, &Keys::new())
    }

    /// The same, asked with condition keys of the service's own.
    pub(crate) fn authorise_with(
        &self,
        caller: &Caller,
        action: &str,
        resource: &str,
        keys: &Keys,
    ) -> Result<(), AwsFault> {
        let ruling = crate::policy::decide(&self.seen_by(View::Decides), caller, action, resource, keys);
        let Some(why) = ruling.why(action) else { return Ok(()) };
        let who = crate::arns::arn(self, &caller.principal);
        Err(AwsFault::new(
            403,
            "AccessDenied",
            format!("User: {who} is not authorized to perform: {action} on resource: {resource} {why}"),
        ))
    }
}

/// The service whose own host a request went to, when that is not STS. A host that is no name of AWS's, such as
/// loopback, is all services in one.
fn other_service(headers: &http::HeaderMap) -> Option<String> {
    let host = headers.get("host")?.to_str().ok()?.split(':').next()?.to_ascii_lowercase();
    let (service, rest) = host.split_once('.')?;
    let aws = ["amazonaws.com", "amazonaws.com.cn", "api.aws"].iter().any(|end| rest.ends_with(end));
    (aws && !service.starts_with("sts")).then(|| service.to_owned())
}

/// What another service says to STS's operation, unsigned as it comes: each in its own protocol (API references of EC2,
/// IAM and S3, "Common errors"; the JSON services miss the signature first).
fn not_sts(service: &str, action: &str, form: &Parameters) -> Response<Full<Bytes>> {
    match service {
        "ec2" => ec2_reply("", Err(ec2::unknown(action))),
        "iam" => query_reply(action, IAM_NS, Err(iam::unknown(action, form))),
        "s3" => s3_reply(Err(s3::not_allowed())),
        _ => json_reply(Err(AwsFault::new(403, "MissingAuthenticationTokenException", "Missing Authentication Token"))),
    }
}

fn reply(status: u16, kind: &str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let Ok(kind) = kind.parse() {
        response.headers_mut().insert("content-type", kind);
    }
    if let Ok(id) = request_id().parse() {
        response.headers_mut().insert("x-amzn-requestid", id);
    }
    response
}

fn query_reply(action: &str, namespace: &str, outcome: Result<String, AwsFault>) -> Response<Full<Bytes>> {
    let id = request_id();
    match outcome {
        Ok(inside) => reply(
            200,
            "text/xml",
            format!(
                "<{action}Response xmlns=\"{namespace}\">\n  <{action}Result>{inside}</{action}Result>\n  \
                 <ResponseMetadata>\n    <RequestId>{id}</RequestId>\n  </ResponseMetadata>\n</{action}Response>\n"
            ),
        ),
        Err(f) => reply(
            f.status,
            "text/xml",
            format!(
                "<ErrorResponse xmlns=\"{namespace}\">\n  <Error>\n    <Type>{}</Type>\n    \
                 <Code>{}</Code>\n    <Message>{}</Message>\n  </Error>\n  \
                 <RequestId>{id}</RequestId>\n</ErrorResponse>\n",
                if f.status < 500 { "Sender" } else { "Receiver" },
                f.code,
                escape(&f.message)
            ),
        ),
    }
}

fn ec2_reply(action: &str, outcome: Result<String, AwsFault>) -> Response<Full<Bytes>> {
    let id = request_id();
    match outcome {
        Ok(inside) => reply(
            200,
            "text/xml;charset=UTF-8",
            format!("<{action}Response xmlns=\"{EC2_NS}\">{}{inside}</{action}Response>", tag("requestId", &id)),
        ),
        Err(f) => reply(
            f.status,
            "text/xml;charset=UTF-8",
            format!(
                "<Response><Errors><Error>{}{}</Error></Errors><RequestID>{id}</RequestID></Response>",
                tag("Code", f.code),
                tag("Message", &f.message)
            ),
        ),
    }
}

/// S3's answers are documents of their own, its errors too (Amazon S3 API reference, "Error responses").
fn s3_reply(outcome: Result<String, AwsFault>) -> Response<Full<Bytes>> {
    const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    match outcome {
        Ok(document) => reply(200, "application/xml", format!("{HEAD}{document}")),
        Err(f) => {
            let parts = [tag("Code", f.code), tag("Message", &f.message), tag("RequestId", &request_id())];
            reply(f.status, "application/xml", format!("{HEAD}<Error>{}</Error>", parts.concat()))
        }
    }
}

fn json_reply(outcome: Result<serde_json::Value, AwsFault>) -> Response<Full<Bytes>> {
    match outcome {
        Ok(value) => reply(200, "application/json", value.to_string()),
        Err(f) => {
            let body = serde_json::json!({"__type": f.code, "message": f.message}).to_string();
            let mut response = reply(f.status, "application/json", body);
            if let Ok(code) = f.code.parse() {
                response.headers_mut().insert("x-amzn-errortype", code);
            }
            response
        }
    }
}

/// A refusal of the signature or of its keys, as the services word it (their API references, "Common errors", which the
/// query protocol's services share; EC2 and S3 have errors of their own: EC2 and S3 API references, "Error responses").
fn fault_reply(service: &str, fault: AwsFault) -> Response<Full<Bytes>> {
    let fault = fault.worded_by(service);
    match service {
        "eks" | "eks-auth" | "cloudtrail" => json_reply(Err(fault)),
        "ec2" => ec2_reply("", Err(fault)),
        "s3" => s3_reply(Err(fault)),
        "sts" => query_reply("", STS_NS, Err(fault)),
        _ => query_reply("", IAM_NS, Err(fault)),
    }
}
