//! The control interface's client side.

use std::path::Path;

use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use super::server::State;
use crate::LabError;

/// Most bytes of an answer: the list of faults takes some tens of kilobytes.
const LARGEST_ANSWER: usize = 4 * 1024 * 1024;

/// Speaks to a running lab.
#[expect(missing_debug_implementations, reason = "it holds the bearer token")]
pub struct Client {
    state: State,
}

impl Client {
    /// The lab whose folder this is.
    pub fn open(dir: &Path) -> Result<Self, LabError> {
        Ok(Self { state: State::read(dir)? })
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

    /// Takes one fault out, or all.
    pub async fn mend(&self, fault: Option<&str>) -> Result<Value, LabError> {
        match fault {
            Some(fault) => self.call(Method::POST, &format!("/mend/{fault}")).await,
            None => self.call(Method::POST, "/mend").await,
        }
    }

    /// Stops the lab.
    pub async fn down(&self) -> Result<Value, LabError> {
        self.call(Method::POST, "/down").await
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
