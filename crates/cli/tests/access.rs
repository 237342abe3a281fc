//! `access`: what is given, what is missing, and that it names each right of the published list that is taken away.
#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests fail by panicking, as tests do"
)]

use std::collections::BTreeMap;
use std::process::Output;

use crate::support::{LabProcess, succeed, tool, trustwalk, until};
use serde_json::{Value, json};
use trustwalk_collect::rights::{Level, actions, policy, rbac, rights};

fn text(out: &Output) -> String {
    String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr)
}

fn document(out: &Output) -> Value {
    serde_json::from_slice(&out.stdout).unwrap_or_else(|e| panic!("{e}: {}", text(out)))
}

/// What a document says is not given.
fn lacking(document: &Value, side: &str) -> Vec<String> {
    let all = document[side]["rights"].as_array().unwrap().iter();
    let missing = all.filter(|r| r["answer"] != "given");
    missing.map(|r| r["right"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_list_is_printed_without_asking_anybody() {
    let run = |words: &[&str]| trustwalk().args(["access", "--print"]).args(words).env("HOME", "/").output().unwrap();
    let printed = run(&["rbac"]);
    assert_eq!((printed.status.code(), text(&printed)), (Some(0), rbac(&Level::ALL, None, None)));
    let read = run(&["iam", "--level", "read"]);
    assert_eq!(serde_json::from_slice::<Value>(&read.stdout).ok(), policy(&[Level::Read]));
    assert!(text(&run(&["rbac", "--level", "read", "-n", "payments"])).contains("kind: Role\n"));
}

#[test]
fn whoever_has_everything_lacks_nothing() {
    let lab = LabProcess::up(&[]);
    let out = lab.trustwalk(&["access", "--level", "fix"]);
    assert_eq!(out.status.code(), Some(0), "{}", text(&out));
    assert!(text(&out).contains("Ok: your rights suffice to fix and roll back"), "{}", text(&out));
    let nobody = lab
        .command(env!("CARGO_BIN_EXE_trustwalk"))
        .env("HOME", lab.dir.path())
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env_remove("AWS_ACCESS_KEY_ID")
        .env_remove("AWS_SECRET_ACCESS_KEY")
        .args(["access", "-o", "json"])
        .output()
        .unwrap();
    let found = document(&nobody);
    assert_eq!((nobody.status.code(), found["verdict"].as_str()), (Some(4), Some("unknown")), "{found}");
    assert!(lacking(&found, "cluster").is_empty(), "{found}");
}

/// Manifests of one reader for each right of the list, who has every other.
fn readers() -> (Vec<String>, String) {
    let all: Vec<_> = Level::ALL.into_iter().flat_map(rights).collect();
    let mut items = Vec::new();
    for (n, out) in all.iter().enumerate() {
        let rule = |right: &trustwalk_collect::rights::Right| {
            json!({"apiGroups": [right.rule.group],
            "resources": [right.resource], "verbs": [right.verb]})
        };
        let rules: Vec<Value> = all.iter().filter(|r| *r != out).map(rule).collect();
        let (api, name) = ("rbac.authorization.k8s.io/v1", format!("without-{n}"));
        items.push(json!({"apiVersion": api, "kind": "ClusterRole", "metadata": {"name": name}, "rules": rules}));
        items.push(json!({
            "apiVersion": api, "kind": "ClusterRoleBinding", "metadata": {"name": name},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": name}],
        }));
    }
    let names = all.iter().map(ToString::to_string).collect();
    (names, json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string())
}

#[test]
fn each_right_of_the_cluster_that_is_taken_away_is_named() {
    let lab = LabProcess::up(&[]);
    let (names, manifest) = readers();
    std::fs::write(lab.dir.path().join("readers.json"), manifest).unwrap();
    succeed(lab.command(tool("kubectl")).args(["apply", "-f", "readers.json"]));
    let own = std::fs::read(lab.dir.path().join("kubeconfig")).unwrap();
    let own: Value = serde_json::from_slice(&own).unwrap();
    for (n, name) in names.iter().enumerate() {
        let mut config = own.clone();
        config["users"][0]["user"]["as"] = json!(format!("without-{n}"));
        std::fs::write(lab.dir.path().join("config"), config.to_string()).unwrap();
        let out = lab.trustwalk(&["access", "--level", "fix", "--kubeconfig", "config", "-o", "json"]);
        let found = document(&out);
        assert_eq!(out.status.code(), Some(3), "{name}: {found}");
        assert_eq!(lacking(&found, "cluster"), std::slice::from_ref(name), "{found}");
        assert!(found["apply"]["rbac"].as_str().unwrap().contains(&format!("name: \"without-{n}\"")), "{found}");
    }
}

/// Makes roles whose policies these are, assumes each, and prints the credentials, in one run of Python.
const ASSUME: &str = "
import boto3, json, sys
iam, sts, out = boto3.client('iam'), boto3.client('sts'), {}
trust = json.dumps({'Version': '2012-10-17', 'Statement': [{'Effect': 'Allow', 'Action': 'sts:AssumeRole',
    'Principal': {'AWS': 'arn:aws:iam::111122223333:root'}}]})
for name, policy in json.load(sys.stdin).items():
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)['Role']['Arn']
    iam.put_role_policy(RoleName=name, PolicyName='p', PolicyDocument=json.dumps(policy))
    out[name] = sts.assume_role(RoleArn=arn, RoleSessionName='session')['Credentials']
print(json.dumps(out, default=str))
";

#[test]
fn each_permission_of_the_account_that_is_taken_away_is_named() {
    let lab = LabProcess::up(&[]);
    let all: Vec<&str> = Level::ALL.into_iter().flat_map(actions).map(|(name, _)| name).collect();
    let policies: BTreeMap<String, Value> = all
        .iter()
        .enumerate()
        .map(|(n, out)| {
            let rest: Vec<&&str> = all.iter().filter(|name| *name != out).collect();
            let statement = json!({"Effect": "Allow", "Action": rest, "Resource": "*"});
            (format!("Without{n}"), json!({"Version": "2012-10-17", "Statement": [statement]}))
        })
        .collect();
    std::fs::write(lab.dir.path().join("policies"), serde_json::to_string(&policies).unwrap()).unwrap();
    let input = std::fs::File::open(lab.dir.path().join("policies")).unwrap();
    let keys = succeed(lab.command(tool("python")).args(["-c", ASSUME]).stdin(input));
    let keys: Value = serde_json::from_str(&keys).unwrap();
    for (n, name) in all.iter().enumerate() {
        let key = |part: &str| keys[format!("Without{n}")][part].as_str().unwrap().to_owned();
        let out = lab
            .command(env!("CARGO_BIN_EXE_trustwalk"))
            .env("AWS_ACCESS_KEY_ID", key("AccessKeyId"))
            .env("AWS_SECRET_ACCESS_KEY", key("SecretAccessKey"))
            .env("AWS_SESSION_TOKEN", key("SessionToken"))
            .args(["access", "--level", "fix", "-o", "json"])
            .output()
            .unwrap();
        let found = document(&out);
        let lacks = lacking(&found, "account");
        assert!(lacks.contains(&(*name).to_owned()), "{name}: {lacks:?}");
        // Without the simulator, and without the role's own ARN, what writes is not known; nothing else is missing.
        let blind = *name == "iam:SimulatePrincipalPolicy" || *name == "iam:GetRole";
        assert!(blind || lacks.len() == 1, "{name}: {lacks:?}");
        let code = if *name == "iam:SimulatePrincipalPolicy" { 4 } else { 3 };
        assert_eq!(out.status.code(), Some(code), "{name}: {found}");
    }
}

/// EKS User Guide, "Connect kubectl to an EKS cluster by creating a kubeconfig file": the token is a presigned request
/// of the caller's, whom an access entry makes a user of the cluster.
#[test]
fn a_login_with_iam_is_whom_the_access_entry_says() {
    let lab = LabProcess::up(&[]);
    let aws = |words: &[&str]| succeed(lab.command(tool("aws")).args(words));
    aws(&["eks", "update-kubeconfig", "--name", "harbour", "--kubeconfig", "login.yaml", "--alias", "iam"]);
    let tools = tool("aws").parent().unwrap().to_owned();
    let path =
        std::env::join_paths([tools].into_iter().chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())));
    let path = path.unwrap();
    let kubectl = |words: &[&str]| {
        let mut command = lab.command(tool("kubectl"));
        command.env("PATH", &path).args(["--kubeconfig", "login.yaml"]).args(words).output().unwrap()
    };
    let who = kubectl(&["auth", "whoami", "-o", "jsonpath={.status.userInfo.username}"]);
    assert_eq!(text(&who), "arn:aws:iam::111122223333:user/admin");
    assert!(kubectl(&["get", "pods", "-A"]).status.success());
    let entry = ["eks", "delete-access-entry", "--cluster-name", "harbour", "--principal-arn"];
    aws(&[&entry[..], &["arn:aws:iam::111122223333:user/admin"]].concat());
    let refused = kubectl(&["get", "pods", "-A"]);
    assert!(!refused.status.success(), "{}", text(&refused));
}

/// Whoever reads the cluster and neither its pods' files nor the account is told of the file that would tell, and of
/// the right that is lacking for it.
#[test]
fn a_file_of_the_pods_that_is_refused_is_what_would_decide() {
    let lab = LabProcess::up(&["--broken"]);
    let (api, name) = ("rbac.authorization.k8s.io/v1", "trustwalk-read");
    std::fs::write(lab.dir.path().join("role.yaml"), rbac(&[Level::Read], None, None)).unwrap();
    let binding = json!({
        "apiVersion": api, "kind": "ClusterRoleBinding", "metadata": {"name": "reader"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "reader"}],
    });
    std::fs::write(lab.dir.path().join("binding.json"), binding.to_string()).unwrap();
    succeed(lab.command(tool("kubectl")).args(["apply", "-f", "role.yaml", "-f", "binding.json"]));
    // As the manifest of AWS's CNI has it, and the lab's not: the node's folder, in which the daemon logs.
    let mount = json!({"name": "log-dir", "mountPath": "/host/var/log/aws-routed-eni"});
    let volume =
        json!({"name": "log-dir", "hostPath": {"path": "/var/log/aws-routed-eni", "type": "DirectoryOrCreate"}});
    let spec = json!({"containers": [{"name": "aws-node", "volumeMounts": [mount]}], "volumes": [volume]});
    let patch = json!({"spec": {"template": {"spec": spec}}}).to_string();
    let kubectl = |words: &[&str]| succeed(lab.command(tool("kubectl")).args(["-n", "kube-system"]).args(words));
    kubectl(&["patch", "daemonset", "aws-node", "--patch", &patch]);
    kubectl(&["delete", "pods", "-l", "k8s-app=aws-node", "--wait=false"]);
    let config = std::fs::read(lab.dir.path().join("kubeconfig")).unwrap();
    let mut config: Value = serde_json::from_slice(&config).unwrap();
    config["users"][0]["user"]["as"] = json!("reader");
    std::fs::write(lab.dir.path().join("config"), config.to_string()).unwrap();
    let diagnose = || {
        let mut command = lab.command(env!("CARGO_BIN_EXE_trustwalk"));
        command.env("HOME", lab.dir.path()).env("AWS_EC2_METADATA_DISABLED", "true");
        command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
        command.args(["diagnose", "daemonset/aws-node", "-n", "kube-system", "--kubeconfig", "config"]);
        command.output().unwrap()
    };
    // Once the pods have failed, and what they wrote into their logs names no cause.
    let said = until(|| {
        let said = text(&diagnose());
        said.contains("pods are not ready").then_some(said).filter(|s| s.contains("To decide: "))
    });
    let words = said.split_whitespace().collect::<Vec<_>>().join(" ");
    let told = words.split_once("To decide: ").map(|(_, rest)| rest).unwrap_or_default();
    assert!(told.starts_with("what the pods fail with: pod kube-system/aws-node-"), "{said}");
    assert!(told.contains("ipamd.log was refused: lacks create pods/exec"), "{said}");
}
