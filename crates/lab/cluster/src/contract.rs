//! What the API server needs from the rest of the lab: a node's runtime, a token
//! signer, the clock, and a way to find webhook services.

use std::{fmt, net::SocketAddr, sync::Arc};

use jiff::Timestamp;
use serde_json::{Value, json};

/// The time, as the lab says it is.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What a command run in a container gave back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExecResult {
    /// Bytes of standard output.
    pub stdout: Vec<u8>,
    /// Bytes of standard error.
    pub stderr: Vec<u8>,
    /// Exit code; 0 is success.
    pub code: i32,
}

/// A line of a container's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// When the runtime kept it.
    pub at: Timestamp,
    /// Its bytes; the line's end is one of them, unless the container has not written it.
    pub text: Vec<u8>,
}

impl LogLine {
    /// The lines of a text that was written at one time.
    pub fn of(text: &str, at: Timestamp) -> Vec<Self> {
        text.split_inclusive('\n').map(|line| Self { at, text: line.as_bytes().to_vec() }).collect()
    }
}

/// The kubelet's side of `kubectl logs` and `kubectl exec`.
pub trait NodeRuntime: Send + Sync {
    /// Everything the container has logged so far; `previous` asks for its last
    /// terminated instance. `None` when there is no such container or instance.
    fn logs(&self, pod: &Value, container: &str, previous: bool) -> Option<Vec<LogLine>>;

    /// Runs a command in a container to its end.
    fn exec(&self, pod: &Value, container: &str, command: &[String], stdin: Option<Vec<u8>>) -> ExecResult;
}

/// A runtime for clusters without a kubelet: no logs, every command fails.
#[derive(Debug, Default, Clone, Copy)]
pub struct NoNodes;

impl NodeRuntime for NoNodes {
    fn logs(&self, _: &Value, _: &str, _: bool) -> Option<Vec<LogLine>> {
        None
    }

    fn exec(&self, _: &Value, _: &str, command: &[String], _: Option<Vec<u8>>) -> ExecResult {
        ExecResult {
            stderr: format!("no runtime to run {command:?}\n").into_bytes(),
            code: 126,
            ..ExecResult::default()
        }
    }
}

/// A request for one service-account token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenSpec {
    /// Namespace of the service account.
    pub namespace: String,
    /// Name of the service account.
    pub service_account: String,
    /// UID of the service account object.
    pub sa_uid: String,
    /// Audiences; never empty, the API server fills in its own.
    pub audiences: Vec<String>,
    /// Lifetime in seconds.
    pub expiration_seconds: i64,
    /// Name and UID of the pod the token is bound to.
    pub bound_pod: Option<(String, String)>,
}

/// A signed token with its end.
#[derive(Clone)]
pub struct Minted {
    /// The compact JWT. A secret.
    pub token: String,
    /// When it expires.
    pub expires: Timestamp,
}

impl fmt::Debug for Minted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Minted").field("token", &"<redacted>").field("expires", &self.expires).finish()
    }
}

/// Who a presented service-account token belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedToken {
    /// Namespace of the service account.
    pub namespace: String,
    /// Name of the service account.
    pub service_account: String,
    /// UID of the service account object.
    pub sa_uid: String,
    /// Audiences the token carries.
    pub audiences: Vec<String>,
    /// Pod it is bound to (name, UID).
    pub bound_pod: Option<(String, String)>,
}

/// The service-account signer: the issuer's side of the API server.
pub trait TokenMinter: Send + Sync {
    /// Signs a token.
    fn mint(&self, spec: TokenSpec) -> Minted;

    /// The issuer URL that goes into `iss`.
    fn issuer(&self) -> String;

    /// Longest lifetime granted, in seconds; longer requests are shortened with a
    /// warning (Kubernetes: `--service-account-max-token-expiration`).
    fn max_expiration_seconds(&self) -> Option<i64> {
        None
    }

    /// The public keys served at `/openid/v1/jwks`.
    fn jwks(&self) -> Value {
        json!({"keys": []})
    }

    /// The key-set URL to publish; `None` means the API server's own address,
    /// which is what Kubernetes does unless told otherwise.
    fn jwks_uri(&self) -> Option<String> {
        None
    }

    /// Checks a token this cluster did not hand out through its own API, such as
    /// one a kubelet projected. Signature and expiry are the implementer's duty.
    fn verify(&self, token: &str) -> Option<VerifiedToken> {
        let _ = token;
        None
    }

    /// The user behind a bearer token of another kind, as a webhook of the API server's would tell
    /// (`--authentication-token-webhook-config-file`).
    fn login(&self, token: &str) -> Option<crate::user::User> {
        let _ = token;
        None
    }
}

/// Finds the listener behind a webhook's service reference.
pub trait Resolve: Send + Sync {
    /// Address to connect to and name to verify the certificate for, of service
    /// `name` in `namespace` at `port`.
    fn resolve(&self, namespace: &str, name: &str, port: u16) -> Option<(SocketAddr, String)>;
}

/// A [`Resolve`] made of a closure.
pub struct FnResolver<F>(
    /// The closure.
    pub F,
);

impl<F> fmt::Debug for FnResolver<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FnResolver")
    }
}

impl<F> Resolve for FnResolver<F>
where
    F: Fn(&str, &str, u16) -> Option<(SocketAddr, String)> + Send + Sync,
{
    fn resolve(&self, namespace: &str, name: &str, port: u16) -> Option<(SocketAddr, String)> {
        (self.0)(namespace, name, port)
    }
}

/// A node to register at start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NodeSpec {
    /// Node name.
    pub name: String,
    /// Its `InternalIP`.
    pub internal_ip: String,
    /// Labels on top of the usual ones.
    pub labels: Vec<(String, String)>,
    /// `spec.providerID`, such as `aws:///eu-west-1a/i-…`.
    pub provider_id: Option<String>,
}
