//! The control interface's server side.

use std::{fs::File, io::Read, net::SocketAddr, path::Path, sync::Arc};

use http::{Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use trustwalk_lab_serve::{Version, accept, speak};

use crate::{Lab, LabError, Rate, faults, files, hold};

/// What the state file holds. The token is a secret, so there is no `Debug`.
#[derive(Serialize, Deserialize)]
pub(crate) struct State {
    /// Where the control interface listens.
    pub(crate) address: SocketAddr,
    /// Bearer token.
    pub(crate) token: String,
}

/// Largest state file read: an address and a token.
const LARGEST: u64 = 4096;

impl State {
    /// Writes the state file, for its owner only.
    pub(crate) fn write(&self, dir: &Path) -> Result<(), LabError> {
        let text = json!(self).to_string();
        files::write_private(&dir.join(files::STATE), text.as_bytes())
    }

    /// Reads the state file of a running lab.
    pub(crate) fn read(dir: &Path) -> Result<Self, LabError> {
        let missing = || LabError::NotRunning(dir.display().to_string());
        // Somebody else's folder could lead anywhere, and the token with it.
        match files::own_dir(dir) {
            Err(LabError::Io { .. }) => return Err(missing()),
            other => other?,
        }
        if !hold::is_held(dir) {
            return Err(missing());
        }
        let mut bytes = Vec::new();
        let file = File::open(dir.join(files::STATE)).map_err(|_| missing())?;
        file.take(LARGEST).read_to_end(&mut bytes).map_err(|_| missing())?;
        serde_json::from_slice(&bytes).map_err(|_| missing())
    }
}

/// Connections at a time: a command makes one.
const CONNECTIONS: usize = 32;

/// Serves until the lab goes down.
pub(crate) async fn serve(lab: Lab, listener: TcpListener, token: String) {
    let expected: Arc<str> = format!("Bearer {token}").into();
    let end = lab.clone();
    accept(listener, CONNECTIONS, end.down_asked(), move |stream, slot| {
        let (lab, expected) = (lab.clone(), Arc::clone(&expected));
        speak(stream, slot, Version::One, move |request| {
            let (lab, expected) = (lab.clone(), Arc::clone(&expected));
            async move { answer(&lab, &expected, &request).await }
        })
    })
    .await;
}

async fn answer(lab: &Lab, expected: &str, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let given = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if given != Some(expected) {
        return reply(StatusCode::UNAUTHORIZED, &json!({"error": "wrong or no token"}));
    }
    let path: Vec<&str> = request.uri().path().split('/').skip(1).collect();
    let done = match (request.method(), path.as_slice()) {
        (&Method::GET, ["status"]) => Ok(lab.status().await),
        (&Method::GET, ["faults"]) => Ok(faults::listed()),
        (&Method::POST, ["break", name]) => lab.break_with(name).await.map(|()| json!({"broken": name})),
        (&Method::POST, ["break", name, on @ ..]) => {
            lab.break_on(name, &on.join("/")).await.map(|id| json!({"broken": name, "target": id.to_string()}))
        }
        (&Method::POST, ["token", issuer]) => {
            let query = request.uri().query().unwrap_or_default();
            let claims = form_urlencoded::parse(query.as_bytes());
            let claims = claims.map(|(name, text)| (name.into_owned(), value_of(&text))).collect();
            lab.token(issuer, &claims).map(|token| json!({"token": token}))
        }
        (&Method::POST, ["mend", name]) => lab.mend(Some(name)).await.map(|mended| json!({"mended": mended})),
        (&Method::POST, ["mend"]) => lab.mend(None).await.map(|mended| json!({"mended": mended})),
        (&Method::POST, ["switch"]) => lab.switch().await.map(|()| json!({"switched": true})),
        (&Method::POST, ["stack", stack, arn @ ..]) => {
            lab.give_to_stack(&arn.join("/"), stack).map(|()| json!({"stack": stack}))
        }
        (&Method::POST, ["throttle", service, rest @ ..]) => match rate(rest) {
            Some(asked) => {
                let rate = if let Asked::Rate(rate) = asked { Some(rate) } else { None };
                lab.set_rate(service, rate).map(|()| json!({"throttle": service}))
            }
            None => return reply(StatusCode::BAD_REQUEST, &json!({"error": "no rate"})),
        },
        (&Method::POST, ["propagation", iam, sts]) => match (iam.parse(), sts.parse()) {
            (Ok(iam), Ok(sts)) => lab.set_propagation(iam, sts).map(|()| json!({"propagation": [iam, sts]})),
            _ => return reply(StatusCode::BAD_REQUEST, &json!({"error": "no delay"})),
        },
        (&Method::GET, ["clock"]) => Ok(lab.time()),
        (&Method::POST, ["clock", second]) => match second.parse().ok().and_then(|s| Timestamp::from_second(s).ok()) {
            Some(to) => lab.set_time(to).await.map(|()| lab.time()),
            None => return reply(StatusCode::BAD_REQUEST, &json!({"error": "no time"})),
        },
        (&Method::POST, ["down"]) => {
            lab.ask_down();
            Ok(json!({"down": true}))
        }
        _ => return reply(StatusCode::NOT_FOUND, &json!({"error": "no such request"})),
    };
    match done {
        Ok(value) => reply(StatusCode::OK, &value),
        Err(error) => reply(StatusCode::BAD_REQUEST, &json!({"error": error.to_string()})),
    }
}

/// A claim as it is typed: JSON where it is JSON, else text.
fn value_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| json!(text))
}

/// A rate of a path: `off`, or tokens in a thousand seconds and at once.
enum Asked {
    Off,
    Rate(Rate),
}

fn rate(path: &[&str]) -> Option<Asked> {
    match path {
        ["off"] => Some(Asked::Off),
        [rate, burst] => {
            let burst = burst.parse().ok().filter(|burst| *burst > 0)?;
            Some(Asked::Rate(Rate { per_thousand_seconds: rate.parse().ok()?, burst }))
        }
        _ => None,
    }
}

fn reply(status: StatusCode, value: &Value) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(value.to_string())));
    *response.status_mut() = status;
    response
}
