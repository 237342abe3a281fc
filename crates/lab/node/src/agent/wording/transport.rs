//! The words for hosts that do not answer.

use super::{Call, OPERATION, v2};
use crate::{agent::sdk::Sdk, config::Reach};

/// Address shown for the cluster's DNS service; EKS uses 10.100.0.10.
const DNS_SERVER: &str = "10.100.0.10:53";
/// Address shown for an endpoint whose packets vanish.
const VANISHED: &str = "10.0.61.27:443";
/// Address shown for an endpoint that closes what comes without TLS.
const RESET: &str = "203.0.113.7:80";

fn go_dial(host: &str, reach: Reach) -> String {
    let why = match reach {
        Reach::NoSuchHost => format!("dial tcp: lookup {host} on {DNS_SERVER}: no such host"),
        Reach::Open | Reach::Blackholed => format!("dial tcp {VANISHED}: i/o timeout"),
        Reach::ProxyForbidden => "Forbidden".to_owned(),
    };
    format!("Post \"https://{host}/\": {why}")
}

pub(super) fn transport(sdk: Sdk, call: Call<'_>, host: &str, reach: Reach, exchanging: bool) -> String {
    match sdk {
        Sdk::GoV1 | Sdk::GoOld => {
            let inner = format!("RequestError: send request failed\ncaused by: {}", go_dial(host, reach));
            if exchanging {
                format!("WebIdentityErr: failed to retrieve credentials\ncaused by: {inner}")
            } else {
                inner
            }
        }
        Sdk::GoV2 => {
            let inner = format!(
                "exceeded maximum number of attempts, 3, https response error StatusCode: 0, RequestID: , request \
                 send failed, {}",
                go_dial(host, reach)
            );
            if exchanging {
                let inner = format!("failed to retrieve credentials, operation error STS: {OPERATION}, {inner}");
                v2(call, &inner)
            } else {
                format!("operation error {}: {}, {inner}", call.upper(), call.operation)
            }
        }
        Sdk::Python { .. } => match reach {
            Reach::NoSuchHost => format!(
                "botocore.exceptions.EndpointConnectionError: Could not connect to the endpoint URL: \
                 \"https://{host}/\""
            ),
            Reach::Open | Reach::Blackholed => {
                format!("botocore.exceptions.ConnectTimeoutError: Connect timeout on endpoint URL: \"https://{host}/\"")
            }
            Reach::ProxyForbidden => {
                "botocore.exceptions.ProxyConnectionError: Failed to connect to proxy URL: \"http://proxy:3128\"".into()
            }
        },
        Sdk::Java | Sdk::JavaNoSts => {
            let why = match reach {
                Reach::NoSuchHost => format!(
                    "Received an UnknownHostException when attempting to interact with a service. See cause for \
                     the exact endpoint that is failing to resolve. Caused by: java.net.UnknownHostException: \
                     {host}"
                ),
                Reach::Open | Reach::Blackholed => {
                    format!("Unable to execute HTTP request: Connect to {host}:443 [{host}] failed: connect timed out")
                }
                Reach::ProxyForbidden => "Unable to execute HTTP request: Unable to tunnel through proxy. Proxy \
                    returns \"HTTP/1.1 403 Forbidden\""
                    .into(),
            };
            format!("software.amazon.awssdk.core.exception.SdkClientException: {why}")
        }
        Sdk::Js => match reach {
            Reach::NoSuchHost => format!("Error: getaddrinfo ENOTFOUND {host}"),
            Reach::Open | Reach::Blackholed => format!("Error: connect ETIMEDOUT {VANISHED}"),
            Reach::ProxyForbidden => "Error: Proxy response (403) !== 200 when HTTP Tunneling".into(),
        },
        Sdk::Rust => {
            let why = match reach {
                Reach::NoSuchHost => "dns error: failed to lookup address information: Name or service not known",
                Reach::Open | Reach::Blackholed => "HTTP connect timeout occurred after 3.1s",
                Reach::ProxyForbidden => "tunnel error: unsuccessful",
            };
            format!("dispatch failure: io error: client error (Connect): {why}")
        }
        Sdk::Dotnet => {
            let why = match reach {
                Reach::NoSuchHost => format!("Name or service not known ({host}:443)"),
                Reach::Open | Reach::Blackholed => format!("Connection timed out ({host}:443)"),
                Reach::ProxyForbidden => {
                    format!(
                        "The proxy tunnel request to proxy 'http://proxy:3128/' failed with status code '403' for \
                         {host}."
                    )
                }
            };
            format!("System.Net.Http.HttpRequestException: {why}")
        }
    }
}

/// A call to STS in plain HTTP: the connection is closed on the way. For Go reported in these words; for the others the
/// words are those of their HTTP clients for a closed connection.
pub(super) fn plain_http(sdk: Sdk, call: Call<'_>, host: &str) -> String {
    let go = format!("Post \"http://{host}/\": read tcp 10.0.61.27:41864->{RESET}: read: connection reset by peer");
    match sdk {
        Sdk::GoV1 | Sdk::GoOld => format!(
            "WebIdentityErr: failed to retrieve credentials\ncaused by: RequestError: send request failed\ncaused \
             by: {go}"
        ),
        Sdk::GoV2 => v2(
            call,
            &format!(
                "failed to retrieve credentials, operation error STS: {OPERATION}, exceeded maximum number of \
                 attempts, 3, https response error StatusCode: 0, RequestID: , request send failed, {go}"
            ),
        ),
        Sdk::Python { .. } => format!(
            "botocore.exceptions.ConnectionClosedError: Connection was closed before we received a valid response from \
             endpoint URL: \"http://{host}/\"."
        ),
        Sdk::Java | Sdk::JavaNoSts => {
            "software.amazon.awssdk.core.exception.SdkClientException: Unable to execute HTTP request: Connection reset"
                .into()
        }
        Sdk::Js => "Error: read ECONNRESET".into(),
        Sdk::Rust => {
            "dispatch failure: io error: client error (SendRequest): connection error: Connection reset by peer (os \
             error 104)"
                .into()
        }
        Sdk::Dotnet => "System.Net.Http.HttpRequestException: An error occurred while sending the request.".into(),
    }
}
