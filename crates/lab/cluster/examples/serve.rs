//! Serves a small cluster on loopback and prints a kubeconfig to standard output:
//! for trying kubectl by hand. A stand-in kubelet marks every pod running.

use std::{collections::BTreeMap, error::Error, sync::Arc, time::Duration};

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use trustwalk_lab_cluster::{
    Cluster, ClusterConfig, ExecResult, FnResolver, Gvr, Key, LogLine, Minted, NodeRuntime, NodeSpec, Store,
    TlsMaterial, TokenMinter, TokenSpec, User, json as j,
};

struct Echo;

impl NodeRuntime for Echo {
    fn logs(&self, pod: &Value, container: &str, previous: bool) -> Option<Vec<LogLine>> {
        let instance = if previous { "previous" } else { "current" };
        let text = format!("{instance} log of {}/{container}\nsecond line\n", j::name(pod));
        Some(LogLine::of(&text, Timestamp::now()))
    }

    fn exec(&self, _: &Value, _: &str, command: &[String], stdin: Option<Vec<u8>>) -> ExecResult {
        match command.first().map(String::as_str) {
            Some("fail") => ExecResult { stderr: b"failed\n".to_vec(), code: 3, ..ExecResult::default() },
            Some("cat") => ExecResult { stdout: stdin.unwrap_or_default(), ..ExecResult::default() },
            _ => ExecResult { stdout: format!("ran {command:?}\n").into_bytes(), ..ExecResult::default() },
        }
    }
}

struct Stamps;

impl TokenMinter for Stamps {
    fn mint(&self, spec: TokenSpec) -> Minted {
        let lasting = Duration::from_secs(u64::try_from(spec.expiration_seconds).unwrap_or(0));
        let expires = Timestamp::now() + lasting;
        Minted { token: format!("unsigned.{}.{}", spec.service_account, expires.as_nanosecond()), expires }
    }

    fn issuer(&self) -> String {
        "https://kubernetes.default.svc".into()
    }
}

/// Moves pending pods to running, as a kubelet would.
async fn stand_in_kubelet(store: Store) {
    let mut watch = store.watch();
    while let Some(event) = watch.next().await {
        let pod = &event.object;
        let waiting = event.key.gvr == Gvr::core("pods")
            && j::text(pod, "/status/phase") == "Pending"
            && !j::text(pod, "/spec/nodeName").is_empty();
        if waiting {
            let key = Key::of(&event.key.gvr, pod);
            let _ = store.update(&key, |pod| {
                let statuses: Vec<Value> = j::items(pod, "/spec/containers")
                    .iter()
                    .map(|c| {
                        let started = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
                        json!({"name": j::text(c, "/name"), "image": j::text(c, "/image"), "imageID": "",
                            "ready": true, "started": true, "restartCount": 0,
                            "state": {"running": {"startedAt": started}}})
                    })
                    .collect();
                j::put(pod, "/status/phase", "Running".into());
                j::put(pod, "/status/podIP", "10.0.0.9".into());
                j::put(pod, "/status/containerStatuses", json!(statuses));
                let conditions = json!([{"type": "Ready", "status": "True"},
                    {"type": "ContainersReady", "status": "True"}]);
                j::put(pod, "/status/conditions", conditions);
            });
        }
    }
}

/// A token of the moment.
fn secret() -> Result<String, aws_lc_rs::error::Unspecified> {
    let mut bytes = [0; 16];
    aws_lc_rs::rand::fill(&mut bytes)?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let node = |name: &str, ip: &str| NodeSpec { name: name.into(), internal_ip: ip.into(), ..NodeSpec::default() };
    let cluster = Cluster::new(ClusterConfig {
        name: "lab".into(),
        version: "v1.36.2".into(),
        tls: TlsMaterial::self_made(&["127.0.0.1", "localhost"])?,
        tokens: BTreeMap::from([
            (secret()?, User::admin("admin")),
            (secret()?, User::restricted("reader", &[("get", "pods")])),
        ]),
        runtime: Arc::new(Echo),
        minter: Arc::new(Stamps),
        resolver: Arc::new(FnResolver(|_: &str, _: &str, _| None)),
        clock: Arc::new(Timestamp::now),
        nodes: vec![node("node-a", "10.0.0.1"), node("node-b", "10.0.0.2")],
    });
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let kubeconfig = cluster.kubeconfig(listener.local_addr()?);
    #[expect(clippy::print_stdout, reason = "the kubeconfig is this example's output")]
    {
        println!("{kubeconfig}");
    }
    tokio::spawn(stand_in_kubelet(cluster.store()));
    cluster.serve(listener, std::future::pending()).await?;
    Ok(())
}
