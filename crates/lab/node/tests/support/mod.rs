//! A cluster store with a kubelet, and an AWS endpoint that writes down what it is
//! asked and answers what the test wants: enough to see the wire.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a step that fails fails the test")]

use std::{
    collections::BTreeMap,
    convert::Infallible,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use http_body_util::{BodyExt, Full};
use hyper::{Request, Response, body::Bytes};
use hyper_util::rt::TokioIo;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};
use trustwalk_lab_cluster::{
    Clock, ExecResult, Gvr, Key, Minted, NodeRuntime, Store, TokenMinter, TokenSpec, json as j,
};
use trustwalk_lab_node::{NodeAgent, NodeConfig, Settings};

/// Longest wait for a condition; only a failing test waits that long.
const PATIENCE: Duration = Duration::from_secs(20);
/// The text of the story's failure.
pub(crate) const THUMBPRINT: &str = "OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint";
pub(crate) const TOKEN_DIR: &str = "/var/run/secrets/eks.amazonaws.com/serviceaccount";

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) host: String,
    pub(crate) authorization: Option<String>,
    pub(crate) session_token: bool,
    pub(crate) form: BTreeMap<String, String>,
}

type Refusal = Option<(u16, &'static str, &'static str)>;

/// The endpoint's state: requests, and what to refuse by action.
#[derive(Default)]
pub(crate) struct Aws {
    pub(crate) seen: Mutex<Vec<Seen>>,
    pub(crate) refuse: Mutex<BTreeMap<String, Refusal>>,
}

impl Aws {
    pub(crate) fn refuse(&self, action: &str, refusal: Refusal) {
        self.refuse.lock().unwrap().insert(action.to_owned(), refusal);
    }

    pub(crate) fn of(&self, action: &str) -> Vec<Seen> {
        let seen = self.seen.lock().unwrap();
        seen.iter().filter(|seen| seen.form.get("Action").is_some_and(|a| a == action)).cloned().collect()
    }

    fn answer(&self, seen: Seen, now: Timestamp) -> (u16, String) {
        let action = seen.form.get("Action").cloned().unwrap_or_default();
        let refusal = self.refuse.lock().unwrap().get(&action).copied().flatten();
        let role = seen.form.get("RoleArn").and_then(|arn| arn.rsplit('/').next()).unwrap_or("node").to_owned();
        self.seen.lock().unwrap().push(seen);
        if let Some((status, code, message)) = refusal {
            return (
                status,
                format!(
                    "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>\
                     <RequestId>req-7</RequestId></ErrorResponse>"
                ),
            );
        }
        let expires = now.saturating_add(SignedDuration::from_hours(1)).unwrap();
        (
            200,
            format!(
                "<R><Credentials><AccessKeyId>ASIA{role}</AccessKeyId><SecretAccessKey>{now}</SecretAccessKey>\
                 <SessionToken>session</SessionToken><Expiration>{expires}</Expiration></Credentials><Arn>\
                 arn:aws:sts::111122223333:assumed-role/{role}/s</Arn></R>"
            ),
        )
    }
}

/// Tokens that name what was asked, with a serial number.
#[derive(Default)]
pub(crate) struct Minter {
    serial: AtomicU64,
}

impl TokenMinter for Minter {
    fn mint(&self, spec: TokenSpec) -> Minted {
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        Minted {
            token: format!("{}/{}/{}/{serial}", spec.namespace, spec.service_account, spec.audiences.join(",")),
            expires: Timestamp::MAX,
        }
    }

    fn issuer(&self) -> String {
        "https://issuer.test".into()
    }
}

/// Everything a test touches.
pub(crate) struct Lab {
    pub(crate) store: Store,
    pub(crate) aws: Arc<Aws>,
    pub(crate) settings: Settings,
    pub(crate) runtime: Arc<dyn NodeRuntime>,
    offset: Arc<AtomicI64>,
    tasks: Vec<JoinHandle<()>>,
}

impl Drop for Lab {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

async fn serve(listener: TcpListener, aws: Arc<Aws>, clock: Clock) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let (aws, clock) = (Arc::clone(&aws), Arc::clone(&clock));
        tokio::spawn(async move {
            let service = hyper::service::service_fn(move |request: Request<hyper::body::Incoming>| {
                let (aws, clock) = (Arc::clone(&aws), Arc::clone(&clock));
                async move {
                    let (parts, body) = request.into_parts();
                    let body = body.collect().await.unwrap().to_bytes();
                    let header = |name: &str| parts.headers.get(name).map(|v| v.to_str().unwrap().to_owned());
                    let seen = Seen {
                        host: header("host").unwrap(),
                        authorization: header("authorization"),
                        session_token: header("x-amz-security-token").is_some(),
                        form: form_urlencoded::parse(&body).into_owned().collect(),
                    };
                    let (status, text) = aws.answer(seen, clock());
                    let mut response = Response::new(Full::new(Bytes::from(text)));
                    *response.status_mut() = hyper::StatusCode::from_u16(status).unwrap();
                    Ok::<_, Infallible>(response)
                }
            });
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

impl Lab {
    pub(crate) async fn start() -> Self {
        let offset = Arc::new(AtomicI64::new(0));
        let base: Timestamp = "2022-07-19T13:45:18.759Z".parse().unwrap();
        let read = Arc::clone(&offset);
        let clock: Clock =
            Arc::new(move || base.saturating_add(SignedDuration::from_secs(read.load(Ordering::Relaxed))).unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut config = NodeConfig::new(listener.local_addr().unwrap(), "us-west-2");
        config.clock = Arc::clone(&clock);
        config.restart_period = Duration::from_millis(10);
        config.call_period = Duration::from_millis(10);
        let aws = Arc::new(Aws::default());
        let store = Store::new(Arc::clone(&clock));
        let settings = Settings::from(config);
        let (runtime, run) = NodeAgent::start(store.clone(), Arc::new(Minter::default()), settings.clone());
        let tasks = vec![tokio::spawn(run), tokio::spawn(serve(listener, Arc::clone(&aws), clock))];
        let lab = Self { store, aws, settings, runtime, offset, tasks };
        for name in ["aws-node", "app"] {
            let account = json!({"metadata": {"name": name, "namespace": "kube-system"}});
            lab.store.create(&Gvr::core("serviceaccounts"), account).unwrap();
        }
        lab
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.offset.fetch_add(seconds, Ordering::Relaxed);
    }

    pub(crate) fn create(&self, pod: Value) -> Arc<Value> {
        self.store.create(&Gvr::core("pods"), pod).unwrap()
    }

    pub(crate) fn pod(&self, name: &str) -> Option<Arc<Value>> {
        self.store.get(&Key::new(Gvr::core("pods"), Some("kube-system"), name))
    }

    /// Waits until a pod is as wanted.
    pub(crate) async fn until(&self, name: &str, wanted: impl Fn(&Value) -> bool) -> Arc<Value> {
        let wait = async {
            let mut watch = self.store.watch();
            loop {
                if let Some(pod) = self.pod(name).filter(|pod| wanted(pod)) {
                    return pod;
                }
                watch.next().await;
            }
        };
        let last = || self.pod(name).map(|pod| pod["status"].to_string());
        tokio::time::timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("pod never as wanted: {:?}", last()))
    }

    /// Waits until something else holds.
    pub(crate) async fn eventually(&self, holds: impl Fn() -> bool) {
        let wait = async {
            while !holds() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.unwrap();
    }

    pub(crate) fn exec(&self, pod: &str, command: &[&str]) -> ExecResult {
        let pod = self.pod(pod).unwrap();
        let name = j::text(&pod, "/spec/containers/0/name").to_owned();
        let command: Vec<String> = command.iter().map(|word| (*word).to_owned()).collect();
        self.runtime.exec(&pod, &name, &command, None)
    }

    pub(crate) fn said(&self, pod: &str, command: &[&str]) -> String {
        String::from_utf8(self.exec(pod, command).stdout).unwrap()
    }

    pub(crate) fn log(&self, pod: &str, previous: bool) -> String {
        let pod = self.pod(pod).unwrap();
        let name = j::text(&pod, "/spec/containers/0/name").to_owned();
        let lines = self.runtime.logs(&pod, &name, previous).unwrap_or_default();
        String::from_utf8(lines.into_iter().flat_map(|line| line.text).collect()).unwrap()
    }

    pub(crate) fn reasons(&self) -> Vec<String> {
        let events = self.store.list(&Gvr::core("events"), None).1;
        events.iter().map(|event| j::text(event, "/reason").to_owned()).collect()
    }
}

pub(crate) fn is_ready(pod: &Value) -> bool {
    j::items(pod, "/status/conditions").iter().any(|c| c["type"] == "Ready" && c["status"] == "True")
}

pub(crate) fn crashed(pod: &Value) -> bool {
    j::text(pod, "/status/containerStatuses/0/state/waiting/reason") == "CrashLoopBackOff"
}

/// A pod with an injected web identity.
pub(crate) fn pod(name: &str, image: &str, account: &str) -> Value {
    json!({
        "metadata": {"name": name, "namespace": "kube-system"},
        "spec": {
            "nodeName": "ip-10-0-1-1", "serviceAccountName": account, "restartPolicy": "Always",
            "containers": [{
                "name": account, "image": image,
                "env": [
                    {"name": "AWS_REGION", "value": "us-west-2"},
                    {"name": "AWS_STS_REGIONAL_ENDPOINTS", "value": "regional"},
                    {"name": "AWS_ROLE_ARN", "value": "arn:aws:iam::111122223333:role/r"},
                    {"name": "AWS_WEB_IDENTITY_TOKEN_FILE", "value": format!("{TOKEN_DIR}/token")},
                ],
                "volumeMounts": [{"name": "aws-iam-token", "mountPath": TOKEN_DIR, "readOnly": true}],
            }],
            "volumes": [{"name": "aws-iam-token", "projected": {"defaultMode": 420, "sources": [
                {"serviceAccountToken": {"audience": "sts.amazonaws.com", "expirationSeconds": 86_400,
                    "path": "token"}},
            ]}}],
        },
    })
}

/// The VPC CNI's pod.
pub(crate) fn aws_node(tag: &str) -> Value {
    let mut pod = pod("aws-node-2mxxx", &format!("amazon-k8s-cni:{tag}"), "aws-node");
    j::put(&mut pod, "/spec/hostNetwork", true.into());
    pod["spec"]["containers"][0]["readinessProbe"] = json!({"exec": {"command": ["/app/grpc-health-probe"]}});
    pod
}

pub(crate) fn set_env(pod: &mut Value, name: &str, value: &str) {
    let env = pod["spec"]["containers"][0]["env"].as_array_mut().unwrap();
    env.retain(|entry| entry["name"] != name);
    if !value.is_empty() {
        env.push(json!({"name": name, "value": value}));
    }
}
