//! The template of pods as core's questions read it. What is unknown is left out: an absent value decides nothing here.

use std::collections::BTreeMap;

use trustwalk_checkout::{Node, Value, with_placeholders};
use trustwalk_core::evidence::{Container, EnvFrom, EnvVar, Pod, PodSpec, TokenVolume, Variable, kept};

/// The text at a path, when all of it is known.
fn text(node: &Node, path: &[&str]) -> Option<String> {
    let text = node.at_path(path).ok()?.value.text()?;
    with_placeholders(text.known()?).known().map(str::to_owned)
}

fn items<'n>(node: &'n Node, path: &[&str]) -> &'n [Node] {
    node.at_path(path).map(|n| n.value.items()).unwrap_or_default()
}

fn number(node: &Node, path: &[&str]) -> Option<i64> {
    text(node, path)?.parse().ok()
}

fn truth(node: &Node, path: &[&str]) -> Option<bool> {
    match node.at_path(path).ok()?.value {
        Value::Bool(truth) => Some(truth),
        Value::Null | Value::Number(_) | Value::Text(_) | Value::List(_) | Value::Map(_) | Value::Unknown(_) => None,
    }
}

fn texts(node: &Node, path: &[&str]) -> BTreeMap<String, String> {
    let Ok(Node { value: Value::Map(members), .. }) = node.at_path(path) else { return BTreeMap::new() };
    let known = |n: &Node| n.value.text().and_then(|t| t.known().map(str::to_owned));
    members.iter().filter_map(|(key, n)| Some((key.value.known()?.to_owned(), known(n)?))).collect()
}

/// The part of a template that web identity depends on.
pub(crate) fn spec(template: &Node, account: &str) -> PodSpec {
    let containers = |name: &str, init: bool| {
        items(template, &["spec", name]).iter().map(|c| container(template, c, init)).collect::<Vec<_>>()
    };
    PodSpec {
        service_account: account.to_owned(),
        containers: [containers("containers", false), containers("initContainers", true)].concat(),
        token_volumes: volumes(template),
        fs_group: number(template, &["spec", "securityContext", "fsGroup"]),
        automount: truth(template, &["spec", "automountServiceAccountToken"]),
        host_network: truth(template, &["spec", "hostNetwork"]).unwrap_or(false),
        annotations: kept::annotations(texts(template, &["metadata", "annotations"])),
        labels: texts(template, &["metadata", "labels"]),
    }
}

/// Where the webhook puts the token (amazon-eks-pod-identity-webhook).
const MOUNT: &str = "/var/run/secrets/eks.amazonaws.com/serviceaccount";
const VOLUME: &str = "aws-iam-token";

/// A pod as the webhook makes it of a template: what sets one of the two variables itself is left alone, and what the
/// pod's annotation leaves out (amazon-eks-pod-identity-webhook, `pkg/handler/handler.go`).
pub(crate) fn foretold(name: &str, template: &PodSpec, role: &str, audience: &str) -> Pod {
    let mut spec = template.clone();
    let mut injected = false;
    let skipped = spec.skipped();
    for container in &mut spec.containers {
        if skipped.contains(&container.name) {
            continue;
        }
        if container.has_env(Variable::AwsRoleArn) || container.has_env(Variable::AwsWebIdentityTokenFile) {
            continue;
        }
        injected = true;
        let mut set = |variable: Variable, value: String| {
            container.env.push(EnvVar::new(variable.name().to_owned(), Some(value), None));
        };
        set(Variable::AwsRoleArn, role.to_owned());
        set(Variable::AwsWebIdentityTokenFile, format!("{MOUNT}/token"));
        container.mounts.insert(VOLUME.to_owned(), MOUNT.to_owned());
    }
    if injected {
        spec.token_volumes.push(TokenVolume {
            name: VOLUME.to_owned(),
            audience: audience.to_owned(),
            expiration_seconds: 86_400,
            path: "token".to_owned(),
        });
    }
    Pod { name: format!("{name}-…"), phase: "Running".to_owned(), ready: true, spec, ..Pod::default() }
}

fn container(template: &Node, c: &Node, init: bool) -> Container {
    let context = |name: &str| {
        number(c, &["securityContext", name]).or_else(|| number(template, &["spec", "securityContext", name]))
    };
    let non_root = truth(c, &["securityContext", "runAsNonRoot"]);
    let mounts = items(c, &["volumeMounts"]).iter();
    Container {
        name: text(c, &["name"]).unwrap_or_default(),
        image: text(c, &["image"]).unwrap_or_default(),
        init,
        sidecar: init && text(c, &["restartPolicy"]).as_deref() == Some("Always"),
        env: items(c, &["env"]).iter().filter_map(variable).collect(),
        env_from: items(c, &["envFrom"]).iter().filter_map(env_from).collect(),
        mounts: mounts.filter_map(|m| Some((text(m, &["name"])?, text(m, &["mountPath"])?))).collect(),
        aws_files: Vec::new(),
        run_as_user: context("runAsUser"),
        run_as_group: context("runAsGroup"),
        run_as_non_root: non_root.or_else(|| truth(template, &["spec", "securityContext", "runAsNonRoot"])),
    }
}

fn variable(v: &Node) -> Option<EnvVar> {
    let sources = [("secretKeyRef", "secret"), ("configMapKeyRef", "configmap"), ("fieldRef", "field")];
    let from = sources.into_iter().find_map(|(member, word)| {
        let at = ["valueFrom", member];
        let of = |name| text(v, &[at.as_slice(), &[name]].concat()).unwrap_or_default();
        v.at_path(&at).ok().map(|_| format!("{word} {}/{}{}", of("name"), of("key"), of("fieldPath")))
    });
    let written = v.value.get("value");
    let value = text(v, &["value"]).or_else(|| (written.is_none() && from.is_none()).then(String::new));
    let from = from.or_else(|| (written.is_some() && value.is_none()).then(|| "a placeholder".to_owned()));
    Some(EnvVar::new(text(v, &["name"])?, value, from))
}

fn env_from(v: &Node) -> Option<EnvFrom> {
    let (secret, name) = match (text(v, &["secretRef", "name"]), text(v, &["configMapRef", "name"])) {
        (Some(name), _) => (true, name),
        (None, name) => (false, name?),
    };
    Some(EnvFrom { secret, name, prefix: text(v, &["prefix"]).unwrap_or_default() })
}

fn volumes(template: &Node) -> Vec<TokenVolume> {
    let of = |volume: &Node| {
        let name = text(volume, &["name"]).unwrap_or_default();
        let tokens = items(volume, &["projected", "sources"]).iter().filter_map(|s| s.value.get("serviceAccountToken"));
        tokens
            .map(|t| TokenVolume {
                name: name.clone(),
                audience: text(t, &["audience"]).unwrap_or_default(),
                expiration_seconds: number(t, &["expirationSeconds"]).unwrap_or(3600),
                path: text(t, &["path"]).unwrap_or_default(),
            })
            .collect::<Vec<_>>()
    };
    items(template, &["spec", "volumes"]).iter().flat_map(of).collect()
}
