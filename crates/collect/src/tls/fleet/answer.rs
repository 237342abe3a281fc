//! One JSON line of output. What was found is written once, and shared by all inputs of an endpoint.

use std::sync::Arc;

use serde::Serialize;
use trustwalk_x509::{Candidates, Certificate, Thumbprint};

use super::input::Endpoint;
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
    chain: Vec<One<'a>>,
}

#[derive(Serialize)]
struct One<'a> {
    subject: String,
    not_after: i64,
    sha1: &'a Thumbprint,
    sha256: &'a Thumbprint,
}

impl<'a> One<'a> {
    fn of(c: &'a Certificate) -> Self {
        Self { subject: c.subject().to_string(), not_after: c.not_after(), sha1: c.sha1(), sha256: c.sha256() }
    }
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
    inside: Arc<str>,
    pub(super) failed: bool,
}

impl Answer {
    fn of(value: &impl Serialize, failed: bool) -> Self {
        let text = serde_json::to_string(value).unwrap_or_default();
        let inside = text.strip_prefix('{').and_then(|t| t.strip_suffix('}')).unwrap_or_default();
        Self { inside: inside.into(), failed }
    }

    pub(super) fn failure(endpoint: Option<&Endpoint>, error: &str, message: String) -> Self {
        let (host, port) = (endpoint.map(|e| e.host.as_str()), endpoint.map(|e| e.port));
        Self::of(&Failed { host, port, error, message }, true)
    }

    pub(super) fn new(endpoint: &Endpoint, outcome: Result<FetchedChain, FetchError>) -> Self {
        let fetched = match outcome {
            Ok(fetched) => fetched,
            Err(error) => return Self::failure(Some(endpoint), error.kind(), error.to_string()),
        };
        let chain: Result<Vec<Certificate>, _> = fetched.ders.iter().map(|d| Certificate::from_der(d)).collect();
        let chain = match chain {
            Ok(chain) => chain,
            Err(error) => return Self::failure(Some(endpoint), "certificate", error.to_string()),
        };
        let candidates = Candidates::new(&chain, None);
        let found = Found {
            host: &endpoint.host,
            port: endpoint.port,
            address: fetched.address.to_string(),
            tls: fetched.tls,
            tls13_only: fetched.tls13_only,
            proven: fetched.proven,
            millis: u64::try_from(fetched.took.as_millis()).unwrap_or(u64::MAX),
            thumbprint: candidates.for_iam(),
            last_presented: candidates.last_presented.as_ref(),
            chain: chain.iter().map(One::of).collect(),
        };
        Self::of(&found, false)
    }

    /// Appends the line for one input.
    pub(super) fn write(&self, input: &str, out: &mut Vec<u8>) {
        out.extend(br#"{"input":"#);
        out.extend(serde_json::to_string(input).unwrap_or_default().bytes());
        out.push(b',');
        out.extend(self.inside.bytes());
        out.extend(b"}\n");
    }
}
