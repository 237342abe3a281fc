//! Calls to STS, the metadata service and the Pod Identity agent that got no answer, or one of no use.

use crate::marks::{self, answered};
use crate::symptom::Symptom;
use crate::text::{endpoint, extract};

/// A call to STS, the metadata service or the Pod Identity agent that got no answer.
pub(crate) fn network(lower: &str) -> Option<(Symptom, usize)> {
    let host = extract::host(lower);
    let web_identity = marks::is_exchange(lower);
    // A proxy refuses tunnels to many hosts; only one to AWS is meant here.
    let aws = || web_identity || host.is_some() || marks::is_aws(lower);
    let refused = lower.contains("code for connect: 4")
        || lower.contains("proxyconnect tcp: ")
        || lower.contains("tunnel connection failed: 4")
        || lower.contains("failed to connect to proxy url")
        || lower.contains("unable to tunnel through proxy")
        // The words of https-proxy-agent, which the JavaScript SDK's users put before it.
        || lower.contains(") !== 200 when http tunneling")
        || (lower.contains("proxy tunnel request to proxy") && lower.contains("failed with status code"));
    if refused && aws() {
        let at = lower.find("connect").unwrap_or(0);
        return Some((Symptom::StsProxyRefused, at));
    }
    let sts = host.as_deref().filter(|h| extract::is_sts_host(h));
    if web_identity && let Some(at) = elsewhere(lower).or_else(|| answered_by_another(lower)) {
        return Some((Symptom::StsWrongEndpoint, at));
    }
    let answer = marks::is_answer_of_sts(lower);
    if !web_identity && host.is_none() && !answer {
        return None;
    }
    let cause = unreachable_cause(lower);
    if let Some(at) = sts.and_then(|host| plain(lower, host)).filter(|_| web_identity || cause.is_some()) {
        return Some((Symptom::StsPlainHttp, at));
    }
    let Some(cause) = cause else {
        return (web_identity || sts.is_some() || answer).then(|| server_error(lower)).flatten();
    };
    let at = cause.1;
    match host.as_deref() {
        Some("169.254.170.23" | "fd00:ec2::23") if cause.0 == Symptom::StsTimeout => {
            Some((Symptom::PodIdentityAgentTimeout, at))
        }
        Some("169.254.170.23" | "fd00:ec2::23") => Some((Symptom::PodIdentityAgentUnreachable, at)),
        Some("169.254.169.254" | "fd00:ec2::254") => Some((Symptom::ImdsUnreachable, at)),
        Some("sts.amazonaws.com") if matches!(cause.0, Symptom::StsTimeout | Symptom::StsUnreachable) => {
            Some((Symptom::StsGlobalEndpoint, at))
        }
        Some(h) if extract::is_sts_host(h) => Some(cause),
        // Another host was called: the record only mentions the exchange.
        _ => (web_identity && endpoint::called(lower).is_none()).then_some(cause),
    }
}

/// Whether what answered Go 1's client of web identity is another service: the first element of its answer is not that
/// of STS (SDK for Go 1, `private/protocol/query/unmarshal_error.go`), nor a page of a proxy's.
fn answered_by_another(lower: &str) -> Option<usize> {
    const TAG: &str = "unknown error response tag, {{";
    let at = lower.find("webidentityerr")?;
    let (_, rest) = lower.split_once(TAG)?;
    let (named, _) = rest.split_once('}')?;
    let tag = named.trim().rsplit(' ').next().unwrap_or_default();
    (!tag.is_empty() && !matches!(tag, "html" | "head" | "body" | "errorresponse")).then_some(at)
}

/// Whether STS was called without TLS: the URL of the request says so.
fn plain(lower: &str, host: &str) -> Option<usize> {
    lower.match_indices("http://").map(|(at, _)| at).find(|at| {
        let rest = lower.get(at + "http://".len()..).unwrap_or_default();
        rest.starts_with(host)
    })
}

/// Whether the exchange went to the endpoint of another of AWS's services.
fn elsewhere(lower: &str) -> Option<usize> {
    const CALLS: &[&str] =
        &["\"assumerolewithwebidentity\" on \"", "operation error sts: assumerolewithwebidentity", "webidentityerr"];
    let at = CALLS.iter().find_map(|m| lower.find(m))?;
    let rest = lower.get(at..)?;
    // Another operation's URL may follow in the same record.
    let end = rest.get(1..).and_then(|r| r.find("operation error ")).map_or(rest.len(), |n| n + 1);
    let host = endpoint::called(rest.get(..end)?)?;
    let aws = host.ends_with(".amazonaws.com") || host.ends_with(".amazonaws.com.cn");
    (aws && !extract::is_sts_host(&host)).then_some(at)
}

/// STS answered, and with a failure of its own (STS API reference, common errors). Prose names these codes, too: each
/// counts as an answer's code or beside a status alone.
fn server_error(lower: &str) -> Option<(Symptom, usize)> {
    const CODES: &[&str] = &["serviceunavailable", "internalfailure", "internalerror"];
    const ANSWERS: &[&str] =
        &["503 service unavailable", "500 internal server error", "502 bad gateway", "504 gateway timeout"];
    let coded = CODES.iter().find_map(|code| answered(code, lower));
    let named = coded.or_else(|| ANSWERS.iter().find_map(|w| lower.find(w)));
    let at = named.or_else(|| extract::http_status(lower).filter(|s| *s >= 500).map(|_| 0))?;
    Some((Symptom::StsServerError, at))
}

/// Why no answer came, in the words of each language and library, the most telling first.
const CAUSES: &[(Symptom, &[&str])] = &[
    (
        Symptom::StsDns,
        &[
            "no such host",
            "enotfound",
            "name or service not known",
            "temporary failure in name resolution",
            "unknownhostexception",
            "failed to resolve '",
            "failed to resolve \"",
            "failed to resolve: ",
            "failed to resolve host",
            "eai_again",
            "server misbehaving",
            "name resolution",
            "dns error",
            "nodename nor servname",
            // Go names the address once it has one: without, the time ran out while resolving (net.OpError).
            "dial tcp: i/o timeout",
            "dial tcp: lookup ",
            // curl, below PHP and C++; c-ares, below Fluent Bit; the common runtime.
            "could not resolve host",
            "couldn't resolve host name",
            "domain name not found",
            "timeout while contacting dns servers",
            "aws_io_dns_",
            "no address associated with hostname",
            "getaddrinfo failed",
            // JavaScript 2, which says no more of a name that does not resolve (`lib/event_listeners.js`).
            "inaccessible host: ",
        ],
    ),
    (
        Symptom::StsTlsUntrusted,
        &[
            "x509: certificate signed by unknown authority",
            "certificate_verify_failed",
            "certificate verify failed",
            "unable to get local issuer certificate",
            "self signed certificate",
            "self-signed certificate",
            "pkix path building failed",
            "unknownissuer",
            "x509: failed to load system roots",
            "invalid peer certificate",
            "sslhandshakeexception",
            "ssl certificate problem",
            "ssl peer certificate or ssh remote key was not ok",
            "problem with the ssl ca cert",
            "the remote certificate is invalid",
            "x509: certificate is valid for",
            "certificate has expired",
        ],
    ),
    (Symptom::StsRefused, &["connection refused", "econnrefused"]),
    (
        Symptom::StsTimeout,
        &[
            "i/o timeout",
            "etimedout",
            "timed out",
            "context deadline exceeded",
            "connect timeout",
            "read timeout",
            "then timeout",
            "client.timeout exceeded",
            "timeoutexception",
            "timeout was reached",
            "tls handshake timeout",
            "execution expired",
            "aws_io_socket_timeout",
            "httpclient.timeout",
        ],
    ),
    (
        Symptom::StsUnreachable,
        &[
            "could not connect to the endpoint url",
            "network is unreachable",
            "no route to host",
            "enetunreach",
            "ehostunreach",
            "connection reset",
            "dispatch failure",
            "unable to execute http request",
            "request send failed",
            "broken connection to ",
            "couldn't connect to server",
            "connection was closed before we received a valid response",
            "socket hang up",
            "remote host terminated the handshake",
            "failed to respond",
            "\": eof",
            "connection aborted",
            "aws_error_http_connection_closed",
            "aws_io_socket_",
            "an error occurred while sending the request",
            // reqwest, below clients in Rust.
            "error sending request for url",
        ],
    ),
];

fn unreachable_cause(lower: &str) -> Option<(Symptom, usize)> {
    CAUSES.iter().find_map(|(s, words)| words.iter().find_map(|w| lower.find(w)).map(|at| (*s, at)))
}
