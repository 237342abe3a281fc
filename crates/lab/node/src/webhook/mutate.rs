//! What the webhook changes in a pod. Behaviour as in the README and code of
//! `amazon-eks-pod-identity-webhook`, and as observed by running it.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use trustwalk_lab_cluster::json as j;

/// Annotation prefix.
const PREFIX: &str = "eks.amazonaws.com";
/// Shortest token lifetime, seconds; smaller annotations are raised to it.
const SHORTEST_SECONDS: i64 = 600;
/// Token lifetime when no annotation names one, seconds.
const DEFAULT_SECONDS: i64 = 86_400;
/// Lowest lifetime the webhook's jitter picks for Pod Identity tokens, seconds.
const JITTER_FLOOR_SECONDS: i64 = 79_200;
/// Audience when no annotation names one.
const DEFAULT_AUDIENCE: &str = "sts.amazonaws.com";
/// Where the web-identity token is mounted.
const MOUNT: &str = "/var/run/secrets/eks.amazonaws.com/serviceaccount";
/// The same on Windows nodes.
const WINDOWS_MOUNT: &str = r"C:\var\run\secrets\eks.amazonaws.com\serviceaccount";
/// Volume of the web-identity token.
const VOLUME: &str = "aws-iam-token";
/// Volume, file and audience of Pod Identity (EKS User Guide, "EKS Pod Identities").
const POD_IDENTITY_VOLUME: &str = "eks-pod-identity-token";
const POD_IDENTITY_MOUNT: &str = "/var/run/secrets/pods.eks.amazonaws.com/serviceaccount";
const POD_IDENTITY_AUDIENCE: &str = "pods.eks.amazonaws.com";
/// What a pod is marked with that it was injected into (amazon-eks-pod-identity-webhook, `getPodSpecPatch`).
const POD_IDENTITY_LABEL: &str = "eks.amazonaws.com/pod-identity";
const POD_IDENTITY_URI: &str = "http://169.254.170.23/v1/credentials";

/// A service account that has a Pod Identity association: namespace and name.
pub type Association = (String, String);

/// How the webhook is set up, with its faults.
#[expect(clippy::struct_excessive_bools, reason = "independent switches, one per setting or fault")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookConfig {
    /// Region to inject; `None` injects none.
    pub region: Option<String>,
    /// Use regional STS unless an annotation says otherwise (the EKS default from
    /// Kubernetes 1.22).
    pub regional_sts: bool,
    /// Service accounts with a Pod Identity association.
    pub associations: BTreeSet<Association>,
    /// Fault: the program is down; connections end without an answer.
    pub stopped: bool,
    /// Fault: a release from before the `sts-regional-endpoints` annotation, which
    /// it does not look at.
    pub ignores_regional_annotation: bool,
    /// Fault: service accounts that have not reached the webhook's cache. Their
    /// pods are admitted unmodified.
    pub not_in_cache: BTreeSet<Association>,
    /// Whether Windows pods get Windows paths; `false` is the reported fault.
    pub windows_paths: bool,
    /// Whether it answers in the version that it is asked in. Releases up to v0.6.17 give their answer neither
    /// `apiVersion` nor `kind` (amazon-eks-pod-identity-webhook, `pkg/handler/handler.go` and pull request 310).
    pub echoes_version: bool,
}

impl Default for WebhookConfig {
    fn default() -> Self {
        Self {
            region: None,
            regional_sts: true,
            associations: BTreeSet::new(),
            stopped: false,
            ignores_regional_annotation: false,
            not_in_cache: BTreeSet::new(),
            windows_paths: true,
            echoes_version: false,
        }
    }
}

/// One way of handing out credentials: environment, volume and mount.
struct Injection {
    reserved: Vec<(&'static str, String)>,
    volume: Value,
    mount: Value,
    regional: bool,
}

fn annotation<'v>(object: &'v Value, name: &str) -> Option<&'v str> {
    j::at(object, "/metadata/annotations").get(format!("{PREFIX}/{name}")).and_then(Value::as_str)
}

fn lifetime(pod: &Value, account: &Value) -> i64 {
    let given = |object| annotation(object, "token-expiration").and_then(|text| text.trim().parse::<i64>().ok());
    given(pod).or_else(|| given(account)).unwrap_or(DEFAULT_SECONDS).max(SHORTEST_SECONDS)
}

fn is_windows(pod: &Value) -> bool {
    let selector = j::at(pod, "/spec/nodeSelector");
    ["kubernetes.io/os", "beta.kubernetes.io/os"]
        .iter()
        .any(|label| selector.get(*label).and_then(Value::as_str) == Some("windows"))
}

fn token_volume(name: &str, audience: &str, seconds: i64, path: &str) -> Value {
    json!({"name": name, "projected": {"sources": [{"serviceAccountToken": {
        "audience": audience, "expirationSeconds": seconds, "path": path,
    }}]}})
}

/// A boolean as Go's `strconv.ParseBool` reads one; of anything else the real webhook takes no notice.
fn boolean(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
        _ => None,
    }
}

fn web_identity(config: &WebhookConfig, pod: &Value, account: &Value) -> Option<Injection> {
    // An empty value counts as none (amazon-eks-pod-identity-webhook).
    let role = annotation(account, "role-arn").filter(|role| !role.is_empty())?;
    let audience = annotation(account, "audience").unwrap_or(DEFAULT_AUDIENCE);
    let regional = match annotation(account, "sts-regional-endpoints") {
        _ if config.ignores_regional_annotation => false,
        Some(text) => boolean(text).unwrap_or(config.regional_sts),
        None => config.regional_sts,
    };
    let (mount, file) = if config.windows_paths && is_windows(pod) {
        (WINDOWS_MOUNT, format!(r"{WINDOWS_MOUNT}\token"))
    } else {
        (MOUNT, format!("{MOUNT}/token"))
    };
    Some(Injection {
        reserved: vec![("AWS_ROLE_ARN", role.to_owned()), ("AWS_WEB_IDENTITY_TOKEN_FILE", file)],
        volume: token_volume(VOLUME, audience, lifetime(pod, account), "token"),
        mount: json!({"name": VOLUME, "readOnly": true, "mountPath": mount}),
        regional,
    })
}

fn pod_identity(pod: &Value, account: &Value) -> Injection {
    let mut seconds = lifetime(pod, account);
    if seconds == DEFAULT_SECONDS {
        // Spread like the webhook's jitter, but by the pod's name: same pod, same value.
        let span = DEFAULT_SECONDS - JITTER_FLOOR_SECONDS + 1;
        let seed = j::name(pod)
            .bytes()
            .chain(j::text(pod, "/metadata/generateName").bytes())
            .fold(0_i64, |sum, byte| (sum * 31 + i64::from(byte)) % span);
        seconds = JITTER_FLOOR_SECONDS + seed;
    }
    Injection {
        reserved: vec![
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", POD_IDENTITY_URI.to_owned()),
            ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", format!("{POD_IDENTITY_MOUNT}/{POD_IDENTITY_VOLUME}")),
        ],
        volume: token_volume(POD_IDENTITY_VOLUME, POD_IDENTITY_AUDIENCE, seconds, POD_IDENTITY_VOLUME),
        mount: json!({"name": POD_IDENTITY_VOLUME, "readOnly": true, "mountPath": POD_IDENTITY_MOUNT}),
        regional: false,
    }
}

fn has_env(container: &Value, names: &[&str]) -> bool {
    j::items(container, "/env").iter().any(|entry| names.contains(&j::text(entry, "/name")))
}

/// The container after injection, or `None` when nothing in it changes. What it sets itself stays, and the token is
/// mounted all the same, unless it has region and endpoint of its own as well: then it counts as complete
/// (amazon-eks-pod-identity-webhook, `addEnvToContainer`).
fn inject(config: &WebhookConfig, injection: &Injection, container: &Value) -> Option<Value> {
    let mut env: Vec<Value> = j::items(container, "/env").to_vec();
    let names: Vec<&str> = injection.reserved.iter().map(|(name, _)| *name).collect();
    let preset = has_env(container, &names);
    let placed = has_env(container, &["AWS_REGION", "AWS_DEFAULT_REGION"]);
    let chosen = has_env(container, &["AWS_STS_REGIONAL_ENDPOINTS"]);
    if preset && placed && chosen {
        return None;
    }
    let before = env.len();
    let mut add = |name: &str, value: &str| env.push(json!({"name": name, "value": value}));
    if injection.regional && !chosen {
        add("AWS_STS_REGIONAL_ENDPOINTS", "regional");
    }
    if let Some(region) = config.region.as_ref().filter(|_| !placed) {
        add("AWS_DEFAULT_REGION", region);
        add("AWS_REGION", region);
    }
    if !preset {
        for (name, value) in &injection.reserved {
            add(name, value);
        }
    }
    let volume = j::text(&injection.mount, "/name");
    let mounted = j::items(container, "/volumeMounts").iter().any(|m| j::text(m, "/name") == volume);
    if env.len() == before && mounted {
        return None;
    }
    let mut changed = container.clone();
    if !env.is_empty() {
        j::put(&mut changed, "/env", Value::Array(env));
    }
    if !mounted {
        let mut mounts = j::items(container, "/volumeMounts").to_vec();
        mounts.push(injection.mount.clone());
        j::put(&mut changed, "/volumeMounts", Value::Array(mounts));
    }
    Some(changed)
}

/// Names in one record of comma-separated values, as Go's `encoding/csv` reads them: blanks belong to a name, and of
/// what is not a record there is none (amazon-eks-pod-identity-webhook, `getContainersToSkip`).
fn skipped(pod: &Value) -> BTreeSet<String> {
    let value = annotation(pod, "skip-containers").unwrap_or_default();
    let line = value.lines().find(|line| !line.is_empty()).unwrap_or_default();
    let mut names = BTreeSet::new();
    for field in line.split(',') {
        let inner = field.strip_prefix('"').and_then(|f| f.strip_suffix('"'));
        match inner {
            Some(inner) if !inner.contains('"') => names.insert(inner.to_owned()),
            None if !field.contains('"') => names.insert(field.to_owned()),
            Some(_) | None => return BTreeSet::new(),
        };
    }
    names
}

/// The JSON patch for a new pod of `account`; empty when there is nothing to do.
pub fn mutate(config: &WebhookConfig, pod: &Value, account: Option<&Value>) -> Vec<Value> {
    let Some(account) = account else {
        return Vec::new();
    };
    let owner = (j::namespace(account).to_owned(), j::name(account).to_owned());
    let associated = config.associations.contains(&owner);
    let injection = if associated {
        Some(pod_identity(pod, account))
    } else if config.not_in_cache.contains(&owner) {
        None
    } else {
        web_identity(config, pod, account)
    };
    let Some(injection) = injection else {
        return Vec::new();
    };
    let skip = skipped(pod);
    let mut patch = Vec::new();
    if associated {
        let mut labels = j::at(pod, "/metadata/labels").as_object().cloned().unwrap_or_default();
        labels.insert(POD_IDENTITY_LABEL.into(), "enabled".into());
        patch.push(json!({"op": "add", "path": "/metadata/labels", "value": labels}));
    }
    for list in ["initContainers", "containers"] {
        let pointer = format!("/spec/{list}");
        for (index, container) in j::items(pod, &pointer).iter().enumerate() {
            if skip.contains(j::text(container, "/name")) {
                continue;
            }
            if let Some(changed) = inject(config, &injection, container) {
                let place = format!("{pointer}/{index}");
                patch.push(json!({"op": "replace", "path": place, "value": changed}));
            }
        }
    }
    // The volume comes also where every container is left alone.
    let name = j::text(&injection.volume, "/name");
    let volumes = j::items(pod, "/spec/volumes");
    if !volumes.iter().any(|v| j::text(v, "/name") == name) {
        let mut all = vec![injection.volume.clone()];
        all.extend(volumes.iter().cloned());
        patch.push(json!({"op": "add", "path": "/spec/volumes", "value": all}));
    }
    patch
}
