//! A cluster, an account and an issuer that hold many identities, served on loopback by the lab's own servers.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use trustwalk_lab_aws::{Account, AccountConfig, Provider, Role, TrustModel};
use trustwalk_lab_cluster::{
    Cluster, ClusterConfig, ExecResult, FnResolver, Gvr, Key, LogLine, Minted, NodeRuntime, NodeSpec, Store,
    TlsMaterial, TokenMinter, TokenSpec, User,
};
use trustwalk_lab_issuer::pki::{Hierarchy, LeafKey, Presentation, days_after, thumbprint, to_pem};
use trustwalk_lab_issuer::{Issuer, IssuerServer, KubernetesSubject, ServerConfig, SigningKey};

use crate::harness::{SERVER_CORE, pin};

const HOST: &str = "oidc.eks.us-west-2.amazonaws.com";
const BARE: &str = "oidc.eks.us-west-2.amazonaws.com/id/BE7C40123456789ABCDEF0123456789A";
const ACCOUNT: &str = "111122223333";
/// The cluster's name.
pub(crate) const NAME: &str = "bench";
/// Identities in one namespace.
pub(crate) const NAMESPACE: usize = 50;
const TOKEN: &str = "not-a-real-token";
const TOKEN_FOLDER: &str = "/var/run/secrets/eks.amazonaws.com/serviceaccount";

/// A world that ends with this program.
#[derive(Debug)]
pub(crate) struct Many {
    cluster: Cluster,
    env: Vec<(String, String)>,
}

impl Many {
    /// Starts one with so many identities on the servers' core.
    pub(crate) fn up(dir: &Path, identities: usize) -> Result<Self> {
        std::fs::create_dir_all(dir)?;
        let (tell, told) = std::sync::mpsc::channel();
        let dir = dir.to_owned();
        std::thread::spawn(move || {
            pin(SERVER_CORE);
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let _ = match runtime {
                Ok(runtime) => runtime.block_on(async {
                    let world = serve(&dir, identities).await;
                    let up = world.is_ok();
                    let _ = tell.send(world);
                    if up {
                        std::future::pending::<()>().await;
                    }
                    Ok(())
                }),
                Err(error) => tell.send(Err(error.into())),
            };
        });
        told.recv().context("the servers ended before they were ready")?
    }

    /// Requests that the API server has answered.
    pub(crate) fn requests(&self) -> u64 {
        self.cluster.requests()
    }

    /// What a client's environment names.
    pub(crate) fn env(&self) -> &[(String, String)] {
        &self.env
    }
}

async fn serve(dir: &Path, identities: usize) -> Result<Many> {
    let now = Timestamp::now();
    let pki = Hierarchy::new("G1", days_after(now, -3000))?;
    let issuers = IssuerServer::start(ServerConfig { bind: loopback() }).await?;
    let issuer = Issuer::new(&format!("https://{BARE}"), SigningKey::generate()?)?;
    issuers.serve_issuer(issuer.clone());
    let chain = pki.present(&[HOST], days_after(now, -10), Presentation::Full, LeafKey::P256)?;
    issuers.set_chain(HOST, &chain, false)?;
    let top = issuers.presented(HOST).last().map(thumbprint).unwrap_or_default();
    let (at, library) = (issuers.address(), pki.roots());
    let account = Account::new(AccountConfig {
        account_id: ACCOUNT.to_owned(),
        partition: "aws".to_owned(),
        region: "us-west-2".to_owned(),
        trust_model: TrustModel::LibraryFirst,
        library_roots: library,
        dialer: Arc::new(move |host, _| (host == HOST).then_some(at)),
        clock: Arc::new(Timestamp::now),
    });
    let cluster = Cluster::new(ClusterConfig {
        name: NAME.into(),
        version: "v1.36.2".into(),
        tls: TlsMaterial::self_made(&["127.0.0.1", "localhost"]).map_err(|e| anyhow!("{e}"))?,
        tokens: BTreeMap::from([(TOKEN.to_owned(), User::admin("admin"))]),
        runtime: Arc::new(Silent),
        minter: Arc::new(Signer(issuer)),
        resolver: Arc::new(FnResolver(|_: &str, _: &str, _| None)),
        clock: Arc::new(Timestamp::now),
        nodes: vec![NodeSpec { name: "node-a".into(), internal_ip: "10.0.0.1".into(), ..NodeSpec::default() }],
    });
    fill_account(&account, &top, identities);
    fill_cluster(&cluster.store(), identities)?;
    let (kube, aws) = (TcpListener::bind(loopback()).await?, TcpListener::bind(loopback()).await?);
    let kubeconfig = cluster.kubeconfig(kube.local_addr()?);
    let keys = account.admin_credentials();
    let roots = to_pem(&pki.roots());
    // As many roots as a real run carries.
    let public = std::fs::read_to_string("/etc/ssl/certs/ca-certificates.crt").unwrap_or_default();
    let file = |name: &str, text: &str| -> Result<String> {
        let path = dir.join(name);
        std::fs::write(&path, text)?;
        Ok(path.display().to_string())
    };
    let env = [
        ("KUBECONFIG", file("kubeconfig", &kubeconfig)?),
        ("AWS_ENDPOINT_URL", format!("http://{}", aws.local_addr()?)),
        ("AWS_ACCESS_KEY_ID", keys.access_key_id),
        ("AWS_SECRET_ACCESS_KEY", keys.secret_access_key),
        ("AWS_REGION", "us-west-2".to_owned()),
        ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ("TRUSTWALK_CONNECT_TO", format!("{HOST}:443:{at}")),
        ("TRUSTWALK_CA_BUNDLE", file("bundle.pem", &roots)?),
        ("TRUSTWALK_CA_LIBRARY", file("library.pem", &format!("{roots}{public}"))?),
    ];
    let env = env.map(|(name, value)| (name.to_owned(), value)).into();
    let served = cluster.clone();
    tokio::spawn(async move { served.serve(kube, std::future::pending()).await });
    tokio::spawn(account.serve(aws, std::future::pending()));
    // The issuers end with what holds them.
    std::mem::forget(issuers);
    Ok(Many { cluster, env })
}

fn loopback() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

fn place(n: usize) -> (String, String) {
    (format!("team-{}", n / NAMESPACE), format!("app-{n}"))
}

fn fill_account(account: &Account, thumbprint: &str, identities: usize) {
    let born = days_after(Timestamp::now(), -100);
    let provider = account.provider_arn(BARE);
    account.put_provider(Provider {
        url: BARE.to_owned(),
        client_ids: vec!["sts.amazonaws.com".to_owned()],
        thumbprints: vec![thumbprint.to_owned()],
        created: born,
        tags: BTreeMap::new(),
    });
    account.put_cluster(trustwalk_lab_aws::Cluster {
        name: NAME.to_owned(),
        version: "1.36".to_owned(),
        created: born,
        issuer: format!("https://{BARE}"),
        endpoint: "https://127.0.0.1".to_owned(),
        ca: String::new(),
        addons: BTreeMap::new(),
        associations: Vec::new(),
    });
    let bucket = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::bucket/*"}]});
    for n in 0..identities {
        let (namespace, name) = place(n);
        let subject = format!("system:serviceaccount:{namespace}:{name}");
        let condition =
            json!({"StringEquals": {format!("{BARE}:sub"): subject, format!("{BARE}:aud"): "sts.amazonaws.com"}});
        let trust = json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": {"Federated": provider}, "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": condition,
        }]});
        account.put_role(Role {
            name,
            path: "/".to_owned(),
            trust_policy: trust.to_string(),
            max_session: 3600,
            created: born,
            attached: Vec::new(),
            inline: BTreeMap::from([("bucket".to_owned(), bucket.to_string())]),
            boundary: None,
            tags: BTreeMap::from([("terraform".to_owned(), "true".to_owned())]),
            last_used: None,
        });
    }
}

fn fill_cluster(store: &Store, identities: usize) -> Result<()> {
    let put = |gvr: &Gvr, object: Value| store.create(gvr, object).map_err(|e| anyhow!("{}", e.status()));
    for namespace in 0..identities.div_ceil(NAMESPACE) {
        put(
            &Gvr::core("namespaces"),
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": format!("team-{namespace}")}}),
        )?;
    }
    for n in 0..identities {
        let (namespace, name) = place(n);
        let role = format!("arn:aws:iam::{ACCOUNT}:role/{name}");
        let annotations = json!({"eks.amazonaws.com/role-arn": role});
        let metadata = json!({"namespace": namespace, "name": name, "annotations": annotations});
        put(
            &Gvr::core("serviceaccounts"),
            json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}),
        )?;
        let labels = json!({"app.kubernetes.io/name": name, "team": namespace});
        let set = put(
            &Gvr::apps("replicasets"),
            json!({
                "apiVersion": "apps/v1", "kind": "ReplicaSet",
                "metadata": {"namespace": namespace, "name": name, "labels": labels},
                "spec": {"replicas": 1, "selector": {"matchLabels": {"app.kubernetes.io/name": name}},
                    "template": {"metadata": {"labels": labels}, "spec": spec(&name, None)}},
                "status": {"replicas": 1, "readyReplicas": 1},
            }),
        )?;
        let owner = json!([{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": name, "controller": true,
            "uid": set.pointer("/metadata/uid")}]);
        let pods = Gvr::core("pods");
        let pod = put(
            &pods,
            json!({
                "apiVersion": "v1", "kind": "Pod",
                "metadata": {"namespace": namespace, "name": format!("{name}-x7k2p"), "labels": labels,
                    "ownerReferences": owner},
                "spec": spec(&name, Some(&role)),
            }),
        )?;
        let running = json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [{"name": "app", "ready": true, "restartCount": 0, "image": "i",
                "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}}}]});
        store
            .update(&Key::of(&pods, &pod), |pod| {
                if let Some(object) = pod.as_object_mut() {
                    object.insert("status".to_owned(), running);
                }
            })
            .map_err(|e| anyhow!("{}", e.status()))?;
    }
    Ok(())
}

/// A pod's spec; with what the webhook puts in where a role is told.
fn spec(account: &str, role: Option<&str>) -> Value {
    let own = json!([{"name": "LOG_LEVEL", "value": "info"}, {"name": "PORT", "value": "8080"}]);
    let mut env = own.as_array().cloned().unwrap_or_default();
    let (mut mounts, mut volumes) = (Vec::new(), Vec::new());
    if let Some(role) = role {
        env.extend([
            json!({"name": "AWS_STS_REGIONAL_ENDPOINTS", "value": "regional"}),
            json!({"name": "AWS_DEFAULT_REGION", "value": "us-west-2"}),
            json!({"name": "AWS_REGION", "value": "us-west-2"}),
            json!({"name": "AWS_ROLE_ARN", "value": role}),
            json!({"name": "AWS_WEB_IDENTITY_TOKEN_FILE", "value": format!("{TOKEN_FOLDER}/token")}),
        ]);
        mounts.push(json!({"name": "aws-iam-token", "mountPath": TOKEN_FOLDER, "readOnly": true}));
        volumes.push(json!({"name": "aws-iam-token", "projected": {"sources": [{"serviceAccountToken": {
            "audience": "sts.amazonaws.com", "expirationSeconds": 86400, "path": "token"}}]}}));
    }
    json!({"serviceAccountName": account, "nodeName": "node-a", "volumes": volumes, "containers": [{
        "name": "app", "image": "registry.example.com/app:1.2.3", "env": env, "volumeMounts": mounts,
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}}}]})
}

struct Silent;

impl NodeRuntime for Silent {
    fn logs(&self, _: &Value, _: &str, _: bool) -> Option<Vec<LogLine>> {
        Some(vec![LogLine { at: Timestamp::UNIX_EPOCH, text: b"listening on port 8080\n".to_vec() }])
    }

    fn exec(&self, _: &Value, _: &str, _: &[String], _: Option<Vec<u8>>) -> ExecResult {
        ExecResult::default()
    }
}

struct Signer(Issuer);

impl TokenMinter for Signer {
    fn mint(&self, spec: TokenSpec) -> Minted {
        let now = Timestamp::now();
        let expires = now + std::time::Duration::from_secs(u64::try_from(spec.expiration_seconds).unwrap_or_default());
        let subject = KubernetesSubject {
            namespace: spec.namespace,
            service_account: spec.service_account,
            uid: spec.sa_uid,
            pod: spec.bound_pod,
        };
        let token = self.0.mint_kubernetes(&subject, &spec.audiences, now, expires);
        Minted { token: token.map(|t| t.expose().to_owned()).unwrap_or_default(), expires }
    }

    fn issuer(&self) -> String {
        self.0.url().to_owned()
    }
}
