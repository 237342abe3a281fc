//! A world of one's own as a process: two clusters with API servers for the real kubectl, accounts by profile, the
//! doctor on each; and files that cannot be, refused with code 2.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

use std::path::{Path, PathBuf};

use crate::support;
use crate::support::{LabProcess, succeed, tool, trustwalk};
use boon::{Compiler, Schemas};
use serde_json::Value;

const TWO: &str = r#"
accounts:
- id: "111122223333"
  alias: one
  region: eu-west-1
  providers: [{issuer: east}]
  roles:
  - {name: App, trust: [{issuer: east, service-account: shop/app}], allow: ["eks:ListClusters"]}
- id: "444455556666"
  alias: two
  region: us-west-2
  providers: [{issuer: west}]
  roles:
  - {name: App, trust: [{issuer: west, service-account: shop/app}], allow: ["eks:ListClusters"]}
clusters:
- name: east
  account: one
  served: true
  nodes: 1
  workloads: [{name: shop/app, image: registry.lab.example/app-python:1.42.0, replicas: 1, role: App}]
- name: west
  account: two
  served: true
  nodes: 3
  manifest-files: [job.yaml]
  workloads: [{name: shop/app, image: registry.lab.example/app-go:2.31.0, role: App}]
faults:
- {fault: sub-wrong-service-account, on: west/shop/app}
- {fault: audience-condition-wrong-in-trust-policy, on: west/shop/app}
"#;

const JOB: &str = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: bare, namespace: shop}\n---\n\
                   apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: nightly, namespace: shop}\nspec:\n  \
                   schedule: '0 3 * * *'\n  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: \
                   [{name: c, image: busybox, command: ['true']}]}}}}\n";

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs")
}

fn written(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

#[test]
fn two_clusters_two_accounts_and_the_doctor_on_each() {
    let folder = tempfile::tempdir().unwrap();
    let file = written(folder.path(), "two.yaml", TWO);
    written(folder.path(), "job.yaml", JOB);
    let lab = LabProcess::up(&["--scenario", &file]);
    let kubectl = |arguments: &[&str]| succeed(lab.command(tool("kubectl")).args(arguments));
    let ready = ["wait", "deployment/app", "-n", "shop", "--for=condition=Available", "--timeout=60s"];
    kubectl(&[&["--context", "east"][..], &ready].concat());
    assert_eq!(kubectl(&["--context", "east", "get", "nodes", "-o", "name"]).lines().count(), 1);
    assert_eq!(kubectl(&["--context", "west", "get", "nodes", "-o", "name"]).lines().count(), 3);
    assert!(kubectl(&["--context", "west", "get", "cronjobs", "-n", "shop"]).contains("nightly"));
    let name = |profile: &str| {
        let arguments = ["eks", "list-clusters", "--query", "clusters", "--output", "text", "--profile", profile];
        succeed(lab.command(tool("aws")).args(arguments)).trim().to_owned()
    };
    assert_eq!((name("one"), name("two")), ("east".to_owned(), "west".to_owned()));
    let ask = |profile: &str, words: &[&str]| {
        let mut command = trustwalk();
        command.envs(&lab.env).env("AWS_PROFILE", profile).env_remove("AWS_REGION").env_remove("AWS_DEFAULT_REGION");
        let out = command.current_dir(lab.dir.path()).args(words).output().unwrap();
        let both = [out.stdout, out.stderr].concat();
        (out.status.code().unwrap(), String::from_utf8_lossy(&both).into_owned())
    };
    let diagnose = ["diagnose", "deployment/app", "-n", "shop", "-o", "short", "--context"];
    let (code, said) = ask("one", &[&diagnose[..], &["east"]].concat());
    assert_eq!(code, 0, "{said}");
    let (code, said) = ask("two", &[&diagnose[..], &["west"]].concat());
    assert!(code == 3 && said.contains("sub-wrong-service-account"), "{code}: {said}");
    for profile in ["one", "two"] {
        let (code, said) = ask(profile, &["audit"]);
        assert!([0, 3, 4].contains(&code) && said.contains("App"), "{profile}: {code}: {said}");
    }
    succeed(trustwalk().envs(&lab.env).args(["lab", "mend"]));
    kubectl(&[&["--context", "west"][..], &ready].concat());
    let (code, said) = ask("two", &[&diagnose[..], &["west"]].concat());
    assert_eq!(code, 0, "{said}");
}

const FLEET: &str = r#"
accounts:
- {id: "111122223333", alias: main}
fleets:
- {name: fleet, account: main, clusters: 3, served: 1, roles: 7, pods: 9}
"#;

#[test]
fn a_fleet_is_there_in_numbers_and_at_rest() {
    let folder = tempfile::tempdir().unwrap();
    let lab = LabProcess::up(&["--scenario", &written(folder.path(), "fleet.yaml", FLEET)]);
    let kubectl = |arguments: &[&str]| {
        succeed(lab.command(tool("kubectl")).args(["--context", "fleet-0001"]).args(arguments)).trim().to_owned()
    };
    let running = || {
        let own = ["-l", "app.kubernetes.io/name=app", "--field-selector", "status.phase=Running"];
        kubectl(&[&["get", "pods", "-A", "-o", "name"][..], &own].concat()).lines().count()
    };
    // Seven roles of three clusters are three of the first, and nine pods are three of each.
    assert_eq!(running(), 9);
    let available = ["wait", "deployment/app", "-n", "app-0003", "--for=condition=Available", "--timeout=60s"];
    kubectl(&available);
    let role = ".items[0].spec.containers[0].env[?(@.name==\"AWS_ROLE_ARN\")].value";
    let path = format!("jsonpath={{{role}}}");
    let injected = kubectl(&["get", "pods", "-n", "app-0002", "-o", &path]);
    assert_eq!(injected, "arn:aws:iam::111122223333:role/fleet-0001-app-0002");
    // Nothing runs in them that writes, and nothing is wrong with them.
    assert_eq!(kubectl(&["logs", "-n", "app-0002", "deployment/app"]), "");
    let judged = ["diagnose", "deployment/app", "-n", "app-0002", "--context", "fleet-0001"];
    let judged = lab.trustwalk(&judged);
    assert_eq!(judged.status.code(), Some(0), "{}", String::from_utf8_lossy(&judged.stdout));
    // Those that come in their place are at rest, too.
    kubectl(&["delete", "pods", "-n", "app-0001", "--all"]);
    support::until(|| (running() == 9).then_some(()));
    // The key of a cluster without an API server is made when it is asked for.
    let claim = "sub=system:serviceaccount:app-0002:app";
    let token = succeed(trustwalk().envs(&lab.env).args(["lab", "token", "fleet-0003", "--claim", claim]));
    let arn = "arn:aws:iam::111122223333:role/fleet-0003-app-0002";
    let exchange = ["sts", "assume-role-with-web-identity", "--role-session-name", "fleet", "--role-arn", arn];
    let whose = ["--query", "AssumedRoleUser.Arn", "--output", "text", "--web-identity-token", token.trim()];
    let session = succeed(lab.command(tool("aws")).args(exchange).args(whose));
    assert_eq!(session.trim(), "arn:aws:sts::111122223333:assumed-role/fleet-0003-app-0002/fleet");
}

#[test]
fn a_file_that_cannot_be_is_refused_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    // The file of manifests that it names is not there: refused too, where nothing is before it.
    let without = TWO.replace("manifest-files: [job.yaml]", "manifest-files: []");
    for (text, says) in [
        (TWO.replace("served: true", "serve: true"), "member `serve` is not known here; write `served`"),
        (without.replace("role: App", "role: Ap"), "there is no role `Ap`; write `App`"),
        (FLEET.replace("served: 1", "served: 4"), "line 5: the fleet `fleet` serves more clusters than it has"),
        (FLEET.replace("pods: 9", "pods: 900000"), "900000 pods, more than the 100000"),
        (FLEET.replace("served: 1, ", ""), "pods without a place; write `served`"),
        (FLEET.replace("account: main,", "account: mian,"), "line 5: there is no account `mian`; write `main`"),
        (TWO.to_owned(), "line 25: `job.yaml` cannot be read"),
        (without.replace("eks:ListClusters", "eks ListClusters"), "IAM would not save the policy `allow`"),
    ] {
        let file = written(folder.path(), "wrong.yaml", &text);
        let dir = folder.path().join("lab");
        let out = trustwalk().args(["lab", "up", "--scenario", &file, "--dir"]).arg(&dir).output().unwrap();
        let said = String::from_utf8_lossy(&out.stderr);
        assert_eq!(out.status.code(), Some(2), "{said}");
        assert!(said.contains(says), "{says}\n{said}");
        assert!(!dir.join("env").exists());
    }
    let out = trustwalk().args(["lab", "up", "--scenario", "no-such-file.yaml"]).output().unwrap();
    assert_eq!(out.status.code(), Some(2));
}

#[test]
fn the_schema_describes_what_is_taken() {
    let (mut compiler, mut schemas) = (Compiler::new(), Schemas::new());
    let schema: Value =
        serde_json::from_slice(&std::fs::read(docs().join("schema/lab-scenario.json")).unwrap()).unwrap();
    let url = "urn:trustwalk:schema:lab-scenario";
    compiler.add_resource(url, schema).unwrap();
    let schema = compiler.compile(url, &mut schemas).unwrap();
    let guide = std::fs::read_to_string(docs().join("guides/lab-scenario.md")).unwrap();
    let (_, block) = guide.split_once("```yaml\n").unwrap();
    let story = succeed(trustwalk().args(["lab", "scenario"]));
    for text in [TWO, FLEET, block.split("```").next().unwrap(), &story] {
        let value: Value = serde_saphyr::from_str(text).unwrap();
        if let Err(e) = schemas.validate(&value, schema) {
            panic!("{e:#}\n{text}");
        }
    }
    // A member that is not known is refused by the reader; the schema is open to members to come, as all are.
    let wrong: Value = serde_saphyr::from_str(&TWO.replace("served: true", "served: often")).unwrap();
    assert!(schemas.validate(&wrong, schema).is_err());
}
