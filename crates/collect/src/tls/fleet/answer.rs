//! One JSON line of output. What was found is written once, and shared by all inputs of an endpoint.

use std::sync::Arc;

use serde::Serialize;
use trustwalk_foreign::visible;
use trustwalk_x509::{Certificate, Host, SignatureMemo, Thumbprint, Verdict};

use super::input::Endpoint;
use super::seen::{Printed, Seen, shown};
use super::trust::Trust;
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
    verdict: Verdict,
    reasons: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    thumbprint: Option<&'a Thumbprint>,
    last_presented: Option<&'a Thumbprint>,
}

#[derive(Serialize)]
struct Failed<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    port: Option<u16>,
    verdict: Verdict,
    error: &'a str,
    message: String,
}

/// What an endpoint answered: a JSON object without its last brace.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    open: Arc<Vec<u8>>,
    pub(super) failed: bool,
    pub(super) verdict: Verdict,
}

impl Answer {
    pub(super) fn failure(endpoint: Option<&Endpoint>, error: &str, message: String) -> Self {
        let (host, port) = (endpoint.map(|e| e.host.as_str()), endpoint.map(|e| e.port));
        let verdict = Verdict::Undetermined;
        let open = open(&Failed { host, port, verdict, error, message: shown(message) });
        Self { open: Arc::new(open), failed: true, verdict }
    }

    pub(super) fn new(
        endpoint: &Endpoint,
        outcome: Result<FetchedChain, FetchError>,
        trust: &Trust,
        seen: &mut Seen,
        memo: &mut SignatureMemo,
    ) -> Self {
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
        let host = Host::parse(&endpoint.host).ok();
        let assessment = trust.assess(&chain, host.as_ref(), memo);
        let found = Found {
            host: &endpoint.host,
            port: endpoint.port,
            address: fetched.address.to_string(),
            tls: fetched.tls,
            tls13_only: fetched.tls13_only,
            proven: fetched.proven,
            millis: u64::try_from(fetched.took.as_millis()).unwrap_or(u64::MAX),
            verdict: assessment.verdict,
            reasons: assessment.codes(),
            message: (!assessment.doubts.is_empty()).then(|| shown(assessment.words())),
            thumbprint: assessment.to_register(),
            last_presented: chain.last().map(Certificate::sha1),
        };
        let mut text = open(&found);
        text.extend_from_slice(br#","chain":["#);
        for (position, one) in printed.iter().enumerate() {
            if position > 0 {
                text.push(b',');
            }
            text.extend_from_slice(one.json.as_bytes());
        }
        text.push(b']');
        Self { open: Arc::new(text), failed: false, verdict: assessment.verdict }
    }

    /// Appends the line for one input.
    pub(super) fn write(&self, input: &str, out: &mut Vec<u8>) {
        out.extend_from_slice(br#"{"input":"#);
        let text = serde_json::to_string(input).unwrap_or_default();
        out.extend_from_slice(if text.is_ascii() { text.into() } else { visible::json(&text) }.as_bytes());
        out.push(b',');
        out.extend_from_slice(self.open.get(1..).unwrap_or_default());
        out.extend_from_slice(b"}\n");
    }
}

/// Bytes of an answer with a chain of usual length.
const USUAL_BYTES: usize = 2 << 10;

/// A JSON object without its last brace.
fn open(value: &impl Serialize) -> Vec<u8> {
    let mut text = Vec::with_capacity(USUAL_BYTES);
    // Writing to memory does not fail.
    let _ = serde_json::to_writer(&mut text, value);
    text.pop();
    text
}
