//! One JSON line of output. What was found is written once, and shared by all inputs of an endpoint.

use std::sync::Arc;

use serde::Serialize;
use trustwalk_x509::{Candidates, Certificate, Thumbprint};

use super::input::Endpoint;
use super::seen::{Printed, Seen};
use crate::tls::{FetchError, FetchedChain, TlsVersion};

#[derive(Serialize)]
struct Found<'a> {
    host: &'a str,
    port: u16,
    address: String,
    tls: TlsVersion,
    tls13_only: Option<bool>,
    proven: bool,
    millis: u64,
    thumbprint: Option<&'a Thumbprint>,
    last_presented: Option<&'a Thumbprint>,
}

#[derive(Serialize)]
struct Failed<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    port: Option<u16>,
    error: &'a str,
    message: String,
}

/// What an endpoint answered: the inside of a JSON object.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    inside: Arc<String>,
    pub(super) failed: bool,
}

impl Answer {
    fn of(value: &impl Serialize, failed: bool) -> Self {
        let text = serde_json::to_string(value).unwrap_or_default();
        Self { inside: Arc::new(inside(&text).to_owned()), failed }
    }

    pub(super) fn failure(endpoint: Option<&Endpoint>, error: &str, message: String) -> Self {
        let (host, port) = (endpoint.map(|e| e.host.as_str()), endpoint.map(|e| e.port));
        Self::of(&Failed { host, port, error, message }, true)
    }

    pub(super) fn new(endpoint: &Endpoint, outcome: Result<FetchedChain, FetchError>, seen: &mut Seen) -> Self {
        let fetched = match outcome {
            Ok(fetched) => fetched,
            Err(error) => return Self::failure(Some(endpoint), error.kind(), error.to_string()),
        };
        // Each leaf has its own host; the certificates above it are many hosts'.
        let mut read =
            |(position, der): (usize, &Vec<u8>)| if position == 0 { Printed::read(der) } else { seen.read(der) };
        let printed: Result<Vec<Printed>, _> = fetched.ders.iter().enumerate().map(&mut read).collect();
        let printed = match printed {
            Ok(printed) => printed,
            Err(error) => return Self::failure(Some(endpoint), "certificate", error.to_string()),
        };
        let chain: Vec<Certificate> = printed.iter().map(|p| p.certificate.clone()).collect();
        let found = Found {
            host: &endpoint.host,
            port: endpoint.port,
            address: fetched.address.to_string(),
            tls: fetched.tls,
            tls13_only: fetched.tls13_only,
            proven: fetched.proven,
            millis: u64::try_from(fetched.took.as_millis()).unwrap_or(u64::MAX),
            thumbprint: Candidates::for_iam_alone(&chain),
            last_presented: chain.last().map(Certificate::sha1),
        };
        let head = serde_json::to_string(&found).unwrap_or_default();
        let mut text = String::with_capacity(head.len() + printed.iter().map(|p| p.json.len() + 1).sum::<usize>() + 16);
        text.push_str(inside(&head));
        text.push_str(r#","chain":["#);
        for (position, one) in printed.iter().enumerate() {
            if position > 0 {
                text.push(',');
            }
            text.push_str(&one.json);
        }
        text.push(']');
        Self { inside: Arc::new(text), failed: false }
    }

    /// Appends the line for one input.
    pub(super) fn write(&self, input: &str, out: &mut Vec<u8>) {
        out.extend_from_slice(br#"{"input":"#);
        out.extend_from_slice(serde_json::to_string(input).unwrap_or_default().as_bytes());
        out.push(b',');
        out.extend_from_slice(self.inside.as_bytes());
        out.extend_from_slice(b"}\n");
    }
}

/// A JSON object without its braces.
fn inside(object: &str) -> &str {
    object.strip_prefix('{').and_then(|t| t.strip_suffix('}')).unwrap_or_default()
}
