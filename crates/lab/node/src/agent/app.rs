//! An ordinary application: it makes the AWS call named by `LAB_ACTION` at start
//! and again every period.
//!
//! Its environment: `LAB_ACTION` (default `sts:GetCallerIdentity`), `LAB_ONCE=true`
//! (exit 0 after the first success), `LAB_ON_ERROR=log` (stay up when the first call
//! fails), `LAB_TOKEN_READ=once`, `LAB_SESSION_REFRESH=never`, `LAB_PROVIDER`
//! (`web-identity` or `instance-metadata`: the code names its provider), `LAB_CLOCK_AHEAD` (by how many minutes the
//! clock of its machine is ahead).

use http::Method;

use super::{
    context::Context,
    endpoint,
    exchange::{Session, query, refused, success},
    failure::Failure,
    http::{Outgoing, Scope, send},
    sdk::Sdk,
    wire,
    wording::{self, Call},
};

const WHO: Call<'static> = Call { service: "sts", operation: "GetCallerIdentity" };

/// API version of the query services.
fn api_version(service: &str) -> &'static str {
    match service {
        "iam" => "2010-05-08",
        "ec2" => "2016-11-15",
        _ => "2011-06-15",
    }
}

/// The REST path of services that are not of the query protocol.
fn rest_path(call: Call<'_>) -> Option<&'static str> {
    match (call.service, call.operation) {
        ("s3", _) => Some("/"),
        ("eks", _) => Some("/clusters"),
        _ => None,
    }
}

/// Makes a signed call and returns the answer's body.
pub(crate) async fn call(context: &Context, session: &mut Session<'_>, call: Call<'_>) -> Result<String, Failure> {
    let credentials = session.credentials().await?;
    let config = context.settings.get();
    let region = session.region(&config).unwrap_or_else(|| config.region.clone());
    let host = match call.service {
        "sts" => session.sts_host(&config)?,
        other => endpoint::service(other, &region),
    };
    let outgoing = if let Some(path) = rest_path(call) {
        Outgoing { method: Method::GET, host, path: path.into(), content_type: "application/json", body: String::new() }
    } else {
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair("Action", call.operation)
            .append_pair("Version", api_version(call.service))
            .finish();
        query(&host, body)
    };
    // The global endpoints of STS and IAM are signed for us-east-1.
    let global = outgoing.host == "sts.amazonaws.com" || call.service == "iam";
    let scope =
        Scope { credentials: &credentials, service: call.service, region: if global { "us-east-1" } else { &region } };
    let answer = send(context, outgoing, Some(scope)).await?;
    match success(&answer) {
        Some(body) => Ok(body.to_owned()),
        None => Err(Failure::Call(refused(&answer))),
    }
}

/// One round: the action, then who AWS says this is. Returns the caller's ARN.
async fn round(context: &Context, session: &mut Session<'_>, action: Call<'_>) -> Result<String, Failure> {
    let mut body = call(context, session, action).await?;
    if action.operation != WHO.operation {
        body = call(context, session, WHO).await?;
    }
    Ok(wire::element(&body, "Arn").unwrap_or_default())
}

/// Runs the application; returns its exit code.
pub(super) async fn run(context: &Context, sdk: Sdk) -> i32 {
    let action = context.var("LAB_ACTION").unwrap_or("sts:GetCallerIdentity");
    let (service, operation) = action.split_once(':').unwrap_or(("sts", action));
    let action = Call { service, operation };
    let stays = context.var("LAB_ON_ERROR") == Some("log");
    let mut session = Session::new(context, sdk);
    let mut succeeded = false;
    let own = context.settings.begin();
    loop {
        let result = round(context, &mut session, action).await;
        let stamp = context.by_own_clock(context.settings.now());
        match result {
            Ok(arn) => {
                context.say(&format!("{stamp:.3} INFO {service}:{operation} succeeded as {arn}"));
                context.identified(Ok(arn));
                context.reports.ready(true);
                if context.var("LAB_ONCE") == Some("true") {
                    return 0;
                }
                succeeded = true;
            }
            Err(failure) => {
                let text = wording::text(sdk, action, &failure);
                context.say(&format!("{stamp:.3} ERROR {text}"));
                context.identified(Err(text));
                context.reports.ready(false);
                if !succeeded && !stays {
                    return 1;
                }
            }
        }
        own.pause().await;
    }
}
