//! Reading a file in a container, as `kubectl exec … -- cat` does.

use bounded::read_to_limit;
use futures_util::StreamExt as _;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, AttachParams, AttachedProcess};
use trustwalk_core::evidence::{Observed, Source};
use trustwalk_foreign::{redact, shell};

use super::client::KubeApi;
use crate::limits::{API_TIMEOUT, LOG_BYTES};

/// Ends the connection with whoever uses it: left alone, its task would go on reading what nobody wants.
struct Running(AttachedProcess);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl KubeApi {
    /// The end of a file in a container, at most [`LOG_BYTES`].
    pub async fn tail_file(&self, namespace: &str, pod: &str, container: &str, path: &str) -> Observed<Vec<u8>> {
        let source = Source {
            what: format!("pod {namespace}/{pod} file {path}"),
            at: self.now(),
            by_hand: shell::try_line("kubectl exec -n {} {} -c {} -- cat {}", &[namespace, pod, container, path]).ok(),
        };
        let limit = LOG_BYTES.to_string();
        let command = ["tail", "-c", limit.as_str(), path];
        let asked = format!("/api/v1/namespaces/{namespace}/pods/{pod}/exec");
        let run = tokio::time::timeout(API_TIMEOUT, self.run(namespace, pod, container, &command));
        match self.upgraded(&asked, run, |ran| matches!(ran, Ok(Ok(_)))).await {
            Ok(Ok(bytes)) => Observed::Known { value: bytes, source },
            Ok(Err(error)) if error.contains("forbidden") => {
                Observed::Denied { source, permission: "create pods/exec".to_owned(), message: error }
            }
            Ok(Err(error)) => Observed::Unreachable { source, error },
            Err(_) => Observed::Unreachable { source, error: "exec did not end in time".to_owned() },
        }
    }

    async fn run(&self, namespace: &str, pod: &str, container: &str, command: &[&str]) -> Result<Vec<u8>, String> {
        let pods: Api<Pod> = Api::namespaced(self.upgrades().await?, namespace);
        let params = AttachParams::default().container(container).stdout(true).stderr(true);
        let started = pods.exec(pod, command.iter().copied(), &params).await;
        let mut process = Running(started.map_err(|e| redact(&e.to_string()).into_owned())?);
        let stdout = process.0.stdout().ok_or("the API server opened no output")?;
        let stderr = process.0.stderr().ok_or("the API server opened no error output")?;
        let status = process.0.take_status().ok_or("the API server gives no status")?;
        let (out, err) = tokio::join!(read_to_limit(stdout, LOG_BYTES * 2), read_to_limit(stderr, LOG_BYTES));
        let status = std::pin::pin!(futures_util::stream::once(status)).next().await.flatten();
        let failed = status.is_some_and(|s| s.status.as_deref() == Some("Failure"));
        if failed {
            return Err(redact(String::from_utf8_lossy(&err).trim()).into_owned());
        }
        Ok(out)
    }
}

/// A bounded read without a further dependency.
mod bounded {
    use tokio::io::{AsyncRead, AsyncReadExt as _};

    /// Reads to the end or to the limit, whichever comes first; an error ends the reading.
    pub(super) async fn read_to_limit(reader: impl AsyncRead + Unpin, limit: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        let _ = reader.take(limit as u64).read_to_end(&mut bytes).await;
        bytes
    }
}
