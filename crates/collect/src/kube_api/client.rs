//! The connection to the API server: kubeconfig, contexts and in-cluster, as kubectl does.

use std::path::PathBuf;
use std::sync::Arc;

use http::Request;
use serde_json::Value;
use tokio::sync::Semaphore;
use trustwalk_core::evidence::{Observed, Source};

use crate::error::CollectError;
use crate::limits::{API_REQUESTS, API_TIMEOUT, LOGIN_TIMEOUT};
use crate::proxy::Proxies;

/// How to find the cluster.
#[derive(Debug, Clone, Default)]
pub struct KubeOptions {
    /// `--kubeconfig`; else `KUBECONFIG` and `~/.kube/config`, else in-cluster.
    pub kubeconfig: Option<PathBuf>,
    /// `--context`.
    pub context: Option<String>,
}

/// Why a write did not come back as done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// The API server said no: nothing was changed.
    #[error("{0}")]
    Refused(String),
    /// No answer, or one of the server's own failures: it may have been changed.
    #[error("{0}")]
    Lost(String),
}

/// A client of one API server.
#[derive(Clone)]
pub struct KubeApi {
    client: kube::Client,
    slots: Arc<Semaphore>,
    /// The context's default namespace.
    pub namespace: String,
    /// The server's URL.
    pub server: String,
    /// The kubeconfig's name of the cluster, in which EKS puts name or ARN.
    pub cluster_name: Option<String>,
    now: i64,
}

impl std::fmt::Debug for KubeApi {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KubeApi").field("server", &self.server).finish_non_exhaustive()
    }
}

/// The client, whose making runs the kubeconfig's exec plugin: on a thread of its own, because a plugin that
/// hangs would otherwise hold everything, and nobody has to wait for it at the end.
async fn logged_in(config: kube::Config) -> Result<kube::Client, String> {
    let (tell, told) = tokio::sync::oneshot::channel();
    let runtime = tokio::runtime::Handle::current();
    std::thread::spawn(move || {
        let _context = runtime.enter();
        // Nobody listens any more once the time is up.
        let _ = tell.send(kube::Client::try_from(config));
    });
    match tokio::time::timeout(LOGIN_TIMEOUT, told).await {
        Ok(Ok(Ok(client))) => Ok(client),
        Ok(Ok(Err(error))) => Err(without_output(&error.to_string())),
        Ok(Err(_)) => Err("the client could not be made".to_owned()),
        Err(_) => Err(format!(
            "the kubeconfig's exec plugin gave no credential within {} s; run it by hand: `kubectl version`",
            LOGIN_TIMEOUT.as_secs()
        )),
    }
}

/// An exec plugin's failure without what it printed, in which a credential may stand.
fn without_output(error: &str) -> String {
    let (head, _) = error.split_once(": Output {").unwrap_or((error, ""));
    match head.split_once("KUBERNETES_EXEC_INFO=") {
        Some((front, rest)) => {
            let command = rest.split_once("}\" ").map_or(rest, |(_, command)| command);
            format!("{front}{command}")
        }
        None => head.to_owned(),
    }
}

impl KubeApi {
    /// Connects lazily: nothing is sent before the first request.
    pub async fn new(options: &KubeOptions, proxies: &Proxies, now: i64) -> Result<Self, CollectError> {
        let refuse = |e: &dyn std::fmt::Display| CollectError::Kubeconfig(e.to_string());
        let kubeconfig = match &options.kubeconfig {
            Some(path) => Some(kube::config::Kubeconfig::read_from(path).map_err(|e| refuse(&whole_text(&e)))?),
            None => found()?,
        };
        // kube takes NO_PROXY for a list of proxies; kubectl, for a list of servers.
        let told = kubeconfig.as_ref().and_then(|file| proxy_url(file, options.context.as_deref()));
        let (mut config, cluster_name) = match kubeconfig {
            Some(file) => {
                let wanted = kube::config::KubeConfigOptions { context: options.context.clone(), ..Default::default() };
                let name = cluster_name(&file, options.context.as_deref());
                let config = kube::Config::from_custom_kubeconfig(file, &wanted).await.map_err(|e| {
                    refuse(&format!(
                        "{}; see `kubectl config get-contexts`, and choose one with --context",
                        whole_text(&e)
                    ))
                })?;
                (config, name)
            }
            None => (kube::Config::incluster().map_err(|_| no_config())?, None),
        };
        config.proxy_url = match told {
            Some(url) => Some(url.parse().map_err(|_| refuse(&"the cluster's `proxy-url` is not a URL"))?),
            None => proxies.url_between(&config.cluster_url),
        };
        config.connect_timeout = Some(API_TIMEOUT);
        config.read_timeout = Some(API_TIMEOUT * 6);
        let namespace = config.default_namespace.clone();
        let server = config.cluster_url.to_string();
        let client = logged_in(config).await.map_err(|e| refuse(&e))?;
        Ok(Self { client, slots: Arc::new(Semaphore::new(API_REQUESTS)), namespace, server, cluster_name, now })
    }

    /// Makes room for the requests of several walks at the same time.
    pub(crate) fn widen(&self, walks: usize) {
        self.slots.add_permits(API_REQUESTS * walks.saturating_sub(1));
    }

    /// The client, for what changes things.
    pub fn client(&self) -> &kube::Client {
        &self.client
    }

    /// GET of a path.
    pub async fn get(&self, path: &str, what: &str, permission: &str, by_hand: &str) -> Observed<Value> {
        let source = Source { what: what.to_owned(), at: self.now, by_hand: Some(by_hand.to_owned()) };
        let request = match Request::get(path).body(Vec::new()) {
            Ok(r) => r,
            Err(e) => return Observed::Unreachable { source, error: e.to_string() },
        };
        self.observe(request, source, permission).await
    }

    /// Any request, its outcome as an observation.
    pub async fn observe(&self, request: Request<Vec<u8>>, source: Source, permission: &str) -> Observed<Value> {
        let _slot = self.slots.acquire().await;
        let answer = tokio::time::timeout(API_TIMEOUT, self.client.request::<Value>(request)).await;
        match answer {
            Ok(Ok(value)) => Observed::Known { value, source },
            Ok(Err(error)) => failed(&error, source, permission),
            Err(_) => Observed::Unreachable {
                source,
                error: format!("no answer from {} within {} s", self.server, API_TIMEOUT.as_secs()),
            },
        }
    }

    /// A request that changes something.
    pub async fn write(&self, request: Request<Vec<u8>>) -> Result<(), WriteError> {
        let _slot = self.slots.acquire().await;
        match tokio::time::timeout(API_TIMEOUT, self.client.request::<Value>(request)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(kube::Error::Api(status))) if (400..500).contains(&status.code) => {
                Err(WriteError::Refused(format!("{}: {}", status.code, status.message)))
            }
            Ok(Err(error)) => Err(WriteError::Lost(in_words(root_text(&error)))),
            Err(_) => {
                Err(WriteError::Lost(format!("no answer from {} within {} s", self.server, API_TIMEOUT.as_secs())))
            }
        }
    }

    /// GET of a text, such as a log.
    pub async fn text(&self, path: &str, what: &str, permission: &str, by_hand: &str) -> Observed<String> {
        let source = Source { what: what.to_owned(), at: self.now, by_hand: Some(by_hand.to_owned()) };
        let request = match Request::get(path).body(Vec::new()) {
            Ok(r) => r,
            Err(e) => return Observed::Unreachable { source, error: e.to_string() },
        };
        let _slot = self.slots.acquire().await;
        match tokio::time::timeout(API_TIMEOUT, self.client.request_text(request)).await {
            Ok(Ok(value)) => Observed::Known { value, source },
            Ok(Err(error)) => failed(&error, source, permission),
            Err(_) => Observed::Unreachable { source, error: "no answer in time".to_owned() },
        }
    }

    /// When this walk began, Unix seconds.
    pub fn now(&self) -> i64 {
        self.now
    }
}

/// What a failed request is evidence of.
fn failed<T>(error: &kube::Error, source: Source, permission: &str) -> Observed<T> {
    if let kube::Error::Api(status) = error {
        let message = status.message.clone();
        return match status.code {
            404 => Observed::Absent { source },
            401 => Observed::Denied { source, permission: "a valid Kubernetes credential".to_owned(), message },
            // An authorizer's refusal names the verb; an admission plugin's says what is wrong with the object.
            403 if message.contains(" cannot ") => {
                Observed::Denied { source, permission: permission.to_owned(), message }
            }
            code => Observed::Unreachable { source, error: format!("{code}: {message}") },
        };
    }
    Observed::Unreachable { source, error: in_words(root_text(error)) }
}

/// What a TLS library calls by its own names, in the kubeconfig's.
fn in_words(error: String) -> String {
    let Some((_, problem)) = error.split_once("invalid peer certificate: ") else { return error };
    let words = if problem.starts_with("UnknownIssuer") {
        "its authority is none of the kubeconfig's certificate-authority; the API server may be another one"
    } else if problem.to_ascii_lowercase().contains("expired") {
        "it has expired, or the clock here is wrong"
    } else if problem.contains("not valid for name") || problem.starts_with("NotValidForName") {
        "it names other hosts than the kubeconfig's server; tls-server-name says which is meant"
    } else {
        return error;
    };
    format!("the API server's certificate was not taken: {words} ({problem})")
}

/// The innermost reason: outer layers say only that something failed.
fn root_text(error: &dyn std::error::Error) -> String {
    let mut deepest = error;
    while let Some(inner) = deepest.source() {
        deepest = inner;
    }
    deepest.to_string()
}

/// The kubeconfig of `KUBECONFIG` or `~/.kube/config`. None at all is no error, as this may be a pod; one
/// that is there, or was named, and cannot be read is.
fn found() -> Result<Option<kube::config::Kubeconfig>, CollectError> {
    use kube::config::KubeconfigError;
    let named = std::env::var_os("KUBECONFIG").filter(|v| !v.is_empty());
    match kube::config::Kubeconfig::read() {
        Ok(file) => Ok(Some(file)),
        Err(KubeconfigError::FindPath) if named.is_none() => Ok(None),
        Err(KubeconfigError::ReadConfig(io, _)) if named.is_none() && io.kind() == std::io::ErrorKind::NotFound => {
            Ok(None)
        }
        Err(error) => {
            let of = named.map_or_else(|| "~/.kube/config".to_owned(), |v| format!("KUBECONFIG={}", v.display()));
            Err(CollectError::Kubeconfig(format!("{of}: {}; give --kubeconfig FILE", whole_text(&error))))
        }
    }
}

/// Every layer of an error, each said once. Of each its first line alone: the YAML reader goes on to quote
/// the lines around the fault, and a kubeconfig's lines hold credentials.
fn whole_text(error: &dyn std::error::Error) -> String {
    let first = |e: &dyn std::error::Error| e.to_string().lines().next().unwrap_or_default().to_owned();
    let mut text = first(error);
    let mut inner = error.source();
    while let Some(cause) = inner {
        let words = first(cause);
        if !text.contains(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        inner = cause.source();
    }
    text
}

fn no_config() -> CollectError {
    CollectError::Kubeconfig(
        "no KUBECONFIG, no ~/.kube/config, and not inside a cluster; give --kubeconfig FILE".to_owned(),
    )
}

/// The proxy that the context's cluster names, which goes before the environment's, as in kubectl.
fn proxy_url(file: &kube::config::Kubeconfig, context: Option<&str>) -> Option<String> {
    let name = cluster_name(file, context)?;
    let cluster = file.clusters.iter().find(|c| c.name == name)?.cluster.as_ref()?;
    cluster.proxy_url.clone().filter(|url| !url.is_empty())
}

fn cluster_name(file: &kube::config::Kubeconfig, context: Option<&str>) -> Option<String> {
    let wanted = context.or(file.current_context.as_deref())?;
    let named = file.contexts.iter().find(|c| c.name == wanted)?;
    named.context.as_ref().map(|c| c.cluster.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_that_is_not_taken_is_told_in_the_kubeconfigs_words() {
        let text = |problem: &str| in_words(format!("invalid peer certificate: {problem}"));
        assert!(text("UnknownIssuer").contains("certificate-authority"));
        assert!(text("certificate expired: verification time 2 is after 1").contains("has expired"));
        assert!(text("certificate not valid for name \"a\"").contains("tls-server-name"));
        assert_eq!(text("BadEncoding"), "invalid peer certificate: BadEncoding");
        assert_eq!(in_words("connection refused".to_owned()), "connection refused");
    }

    #[test]
    fn only_an_authorizer_lacks_a_permission() {
        let answer = |message: &str| {
            let status = kube::core::Status::failure(message, "Forbidden").with_code(403).boxed();
            failed::<()>(&kube::Error::Api(status), Source::default(), "create pods").gap().unwrap()
        };
        let refused =
            r#"pods is forbidden: User "u" cannot create resource "pods" in API group "" in the namespace "n""#;
        assert_eq!(answer(refused), " was refused: lacks create pods");
        let unfit = r#"pods "probe-" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true"#;
        assert_eq!(answer(unfit), format!(": 403: {unfit}"));
    }

    #[test]
    fn a_plugins_output_is_not_repeated() {
        let said = r#"auth error: auth exec command 'KUBERNETES_EXEC_INFO="{\"kind\":\"x\"}" "aws" "eks"' failed with status exit status: 1: Output { stdout: "secret" }"#;
        let text = without_output(said);
        assert!(text.ends_with("exit status: 1") && text.contains(r#""aws""#), "{text}");
        assert!(!text.contains("secret") && !text.contains("EXEC_INFO"), "{text}");
    }
}
