//! The control interface's client side.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use super::server::State;
use crate::{LabError, Propagation, Rate, hold};

/// Most bytes of an answer: the list of faults takes some tens of kilobytes.
const LARGEST_ANSWER: usize = 4 * 1024 * 1024;

/// Longest a lab takes to end: it has nothing to wait for.
const LONGEST_END: Duration = Duration::from_secs(10);
/// How often it is looked whether it has.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Speaks to a running lab.
#[expect(missing_debug_implementations, reason = "it holds the bearer token")]
pub struct Client {
    state: State,
    dir: PathBuf,
}

impl Client {
    /// The lab whose folder this is.
    pub fn open(dir: &Path) -> Result<Self, LabError> {
        Ok(Self { state: State::read(dir)?, dir: dir.to_owned() })
    }

    /// What the lab holds: active faults, addresses, pods.
    pub async fn status(&self) -> Result<Value, LabError> {
        self.call(Method::GET, "/status").await
    }

    /// Every fault: name, summary, source, target.
    pub async fn faults(&self) -> Result<Value, LabError> {
        self.call(Method::GET, "/faults").await
    }

    /// Injects a fault.
    pub async fn break_with(&self, fault: &str) -> Result<Value, LabError> {
        self.call(Method::POST, &format!("/break/{fault}")).await
    }

    /// Injects a fault into a workload of the scenario's, `CLUSTER/NAMESPACE/NAME`.
    pub async fn break_on(&self, fault: &str, on: &str) -> Result<Value, LabError> {
        self.call(Method::POST, &format!("/break/{fault}/{on}")).await
    }

    /// A token of one of the scenario's issuers, with these claims in place of, or besides, those of its kind: JSON
    /// where they are JSON, else text.
    pub async fn token(&self, issuer: &str, claims: &[(String, String)]) -> Result<String, LabError> {
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(claims).finish();
        let answer = self.call(Method::POST, &format!("/token/{issuer}?{query}")).await?;
        Ok(answer.get("token").and_then(Value::as_str).unwrap_or_default().to_owned())
    }

    /// Takes one fault out, or all; whether any was in.
    pub async fn mend(&self, fault: Option<&str>) -> Result<bool, LabError> {
        let path = fault.map_or_else(|| "/mend".to_owned(), |fault| format!("/mend/{fault}"));
        let mended = self.call(Method::POST, &path).await?;
        Ok(mended.pointer("/mended").and_then(Value::as_array).is_some_and(|all| !all.is_empty()))
    }

    /// Has the EKS issuer present the other hierarchy's chain.
    pub async fn switch(&self) -> Result<Value, LabError> {
        self.call(Method::POST, "/switch").await
    }

    /// Lets a CloudFormation stack own the role or provider of an ARN. A stack is named by what a URL's path may hold.
    pub async fn give_to_stack(&self, arn: &str, stack: &str) -> Result<Value, LabError> {
        self.call(Method::POST, &format!("/stack/{stack}/{arn}")).await
    }

    /// The lab's time.
    pub async fn time(&self) -> Result<Value, LabError> {
        self.call(Method::GET, "/clock").await
    }

    /// Sets the lab's time, Unix seconds; the time that it then is.
    pub async fn set_time(&self, second: i64) -> Result<Value, LabError> {
        self.call(Method::POST, &format!("/clock/{second}")).await
    }

    /// Sets how often a service may be asked; without a rate, as often as one likes.
    pub async fn set_rate(&self, service: &str, rate: Option<Rate>) -> Result<Value, LabError> {
        let rate = rate.map_or_else(|| "off".to_owned(), |r| format!("{}/{}", r.per_thousand_seconds, r.burst));
        self.call(Method::POST, &format!("/throttle/{service}/{rate}")).await
    }

    /// Sets how late changes of IAM's are seen.
    pub async fn set_propagation(&self, propagation: Propagation) -> Result<Value, LabError> {
        let (iam, sts) = (propagation.iam.as_millis(), propagation.sts.as_millis());
        self.call(Method::POST, &format!("/propagation/{iam}/{sts}")).await
    }

    /// Stops the lab, and returns when it has let go of its folder.
    pub async fn down(&self) -> Result<(), LabError> {
        let asked = self.call(Method::POST, "/down").await;
        let gone = async {
            while hold::is_held(&self.dir) {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        };
        // A lab that ends may cut its answer off: what counts is that it is gone.
        match tokio::time::timeout(LONGEST_END, gone).await {
            Ok(()) => Ok(()),
            Err(_) => asked.and(Err(LabError::Deadline {
                what: "the end of the lab".to_owned(),
                seconds: LONGEST_END.as_secs(),
                last: "it holds its folder".to_owned(),
            })),
        }
    }

    /// Takes away what a lab left in its folder that was killed; whether there was anything.
    pub fn clean_up_after_killed(dir: &Path) -> Result<bool, LabError> {
        hold::clean_up_after_killed(dir)
    }

    async fn call(&self, method: Method, path: &str) -> Result<Value, LabError> {
        let wrong = |error: &dyn std::fmt::Display| LabError::Control(error.to_string());
        let stream = TcpStream::connect(self.state.address)
            .await
            .map_err(LabError::io("reach the lab; it may have ended without cleaning up"))?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|e| wrong(&e))?;
        let driver = tokio::spawn(connection);
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "localhost")
            .header(header::AUTHORIZATION, format!("Bearer {}", self.state.token))
            .body(Empty::<Bytes>::new())
            .map_err(|e| wrong(&e))?;
        let response = sender.send_request(request).await.map_err(|e| wrong(&e))?;
        let status = response.status();
        let body =
            Limited::new(response.into_body(), LARGEST_ANSWER).collect().await.map_err(|e| wrong(&e))?.to_bytes();
        driver.abort();
        let value: Value = serde_json::from_slice(&body).map_err(|e| wrong(&e))?;
        if status == StatusCode::OK {
            Ok(value)
        } else {
            let text = value.pointer("/error").and_then(Value::as_str).unwrap_or("an unknown error");
            Err(LabError::Control(text.to_owned()))
        }
    }
}
