//! The real kubectl against the lab's API server. Runs when the environment names
//! a kubectl in `TRUSTWALK_KUBECTL`, and says so when it does not.

use std::{path::Path, process::Output};

use serde_json::Value;
use trustwalk_lab_cluster::json as j;

use crate::support::{Lab, daemon_set};

pub(crate) struct Kubectl {
    program: String,
    home: tempfile::TempDir,
}

impl Kubectl {
    pub(crate) fn find(lab: &Lab) -> Option<Self> {
        let Ok(program) = std::env::var("TRUSTWALK_KUBECTL") else {
            eprintln!("skipped: TRUSTWALK_KUBECTL names no kubectl");
            return None;
        };
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("config"), &lab.kubeconfig).unwrap();
        Some(Self { program, home })
    }

    pub(crate) fn path(&self) -> &Path {
        self.home.path()
    }

    /// Runs kubectl away from the reactor's thread.
    async fn run(&self, line: &str) -> Output {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        self.words(&words).await
    }

    /// The same with words that hold blanks, in a folder of its own.
    pub(crate) async fn words(&self, words: &[String]) -> Output {
        let mut command = std::process::Command::new(&self.program);
        command
            .arg("--request-timeout=20s")
            .args(words)
            .current_dir(self.path())
            .env("HOME", self.path())
            .env("KUBECONFIG", self.path().join("config"));
        tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap()
    }

    /// Standard output of a command that must succeed.
    async fn ok(&self, line: &str) -> String {
        let output = self.run(line).await;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "kubectl {line}: {said}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Standard error of a command that must fail.
    async fn fails(&self, line: &str) -> String {
        let output = self.run(line).await;
        assert!(!output.status.success(), "kubectl {line} succeeded");
        String::from_utf8(output.stderr).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn kubectl_is_given_logs_as_it_asks_for_them() {
    let lab = Lab::start().await;
    let Some(kubectl) = Kubectl::find(&lab) else {
        return;
    };
    let pod = serde_json::json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"},
        "spec": {"containers": [{"name": "c", "image": "i"}]}});
    assert_eq!(lab.call("POST", "/api/v1/namespaces/default/pods", pod).await.0, 201);
    let (one, two) = ("2026-03-01T11:58:30.000000000Z p/c one\n", "2026-03-01T12:00:00.000000000Z two\n");
    for (asked, given) in [
        ("", "p/c one\ntwo\n".to_owned()),
        ("--timestamps", format!("{one}{two}")),
        ("--timestamps --tail=1", two.to_owned()),
        ("--since=1m", "two\n".to_owned()),
        ("--since-time=2026-03-01T12:00:00Z --timestamps", two.to_owned()),
        ("--limit-bytes=5", "p/c o".to_owned()),
    ] {
        assert_eq!(kubectl.ok(&format!("logs p {asked}")).await, given, "{asked}");
    }
    assert!(kubectl.fails("logs p --previous").await.contains("previous terminated container \"c\" in pod \"p\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn kubectl_walks_a_roll_out() {
    let lab = Lab::start().await;
    lab.run_kubelet();
    let Some(kubectl) = Kubectl::find(&lab) else {
        return;
    };
    let file = kubectl.path().join("ds.json");
    std::fs::write(&file, daemon_set("agent").to_string()).unwrap();
    let file = file.display();
    assert_eq!(kubectl.ok(&format!("apply -f {file}")).await, "daemonset.apps/agent created\n");
    let done = "daemon set \"agent\" successfully rolled out\n";
    assert!(kubectl.ok("rollout status ds/agent").await.ends_with(done));
    assert_eq!(kubectl.ok(&format!("apply -f {file}")).await, "daemonset.apps/agent unchanged\n");
    kubectl.ok(&format!("apply --server-side --force-conflicts -f {file}")).await;
    kubectl.ok("set env ds/agent A=1").await;
    assert!(kubectl.ok("rollout status ds/agent").await.ends_with(done));
    let history = kubectl.ok("rollout history ds/agent").await;
    assert!(history.contains("\n2 "), "{history}");
    kubectl.ok("rollout undo ds/agent").await;
    kubectl.ok("rollout restart ds/agent").await;
    assert!(kubectl.ok("rollout status ds/agent").await.ends_with(done));
    let table = kubectl.ok("get ds").await;
    assert!(table.starts_with("NAME    DESIRED   CURRENT   READY   UP-TO-DATE   AVAILABLE   NODE SELECTOR   AGE\n"));
    let table = kubectl.ok("get pods -A -o wide").await;
    assert!(table.contains("IP") && table.contains("node-a"), "{table}");
    kubectl.ok("wait --for=condition=Ready pod -l app=agent --timeout=20s").await;
    assert!(kubectl.ok("describe ds agent").await.contains("SuccessfulCreate"));
    assert!(kubectl.ok("get all").await.contains("daemonset.apps/agent"));
    kubectl.ok("delete ds agent").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kubectl_reads_and_runs_in_pods() {
    let lab = Lab::start().await;
    lab.run_kubelet();
    let Some(kubectl) = Kubectl::find(&lab) else {
        return;
    };
    kubectl.ok("run p --image=i").await;
    kubectl.ok("wait --for=condition=Ready pod/p --timeout=20s").await;
    assert_eq!(kubectl.ok("logs p --tail=1").await, "two\n");
    assert!(kubectl.fails("logs p --previous").await.contains("not found"));
    assert_eq!(kubectl.ok("exec p -- echo hi").await, "echo hi");
    let output = kubectl.run("exec p -- fail").await;
    assert_eq!(output.status.code(), Some(3));
    assert!(kubectl.ok("describe pod p").await.contains("kube-api-access"));
    assert!(kubectl.ok("get events").await.contains("Scheduled"));
}

#[tokio::test(flavor = "multi_thread")]
async fn kubectl_manages_accounts_and_tokens() {
    let lab = Lab::start().await;
    let Some(kubectl) = Kubectl::find(&lab) else {
        return;
    };
    assert_eq!(kubectl.ok("create serviceaccount app").await, "serviceaccount/app created\n");
    kubectl.ok("annotate sa app eks.amazonaws.com/role-arn=arn").await;
    kubectl.ok("label sa app tier=web").await;
    let account: Value = serde_json::from_str(&kubectl.ok("get sa app -o json --show-managed-fields").await).unwrap();
    let managers: Vec<&str> =
        j::items(&account, "/metadata/managedFields").iter().map(|entry| j::text(entry, "/manager")).collect();
    assert_eq!(managers, ["kubectl-annotate", "kubectl-label"]);
    assert_eq!(kubectl.ok("create token app --audience=a").await.trim(), "t1");
    assert_eq!(
        kubectl.fails("create token app --duration=300s").await,
        "error: failed to create token: TokenRequest.authentication.k8s.io \"\" is invalid: \
         spec.expirationSeconds: Invalid value: 300: may not specify a duration less than 10 minutes\n"
    );
    let output = kubectl.run("create token app --duration=48h").await;
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        "Warning: requested expiration of 172800 seconds shortened to 86400 seconds\n"
    );
    assert_eq!(kubectl.ok("auth can-i list pods").await, "yes\n");
    assert_eq!(
        kubectl.fails("get pods --as=reader").await,
        "Error from server (Forbidden): pods is forbidden: User \"reader\" cannot list resource \"pods\" in API \
         group \"\" in the namespace \"default\"\n"
    );
    assert!(kubectl.ok("api-resources").await.contains("daemonsets"));
    assert!(kubectl.ok("version").await.contains("Server Version: v1.36.2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn kubectl_is_refused_and_explained_to_as_by_the_real_one() {
    let lab = Lab::start().await;
    let Some(kubectl) = Kubectl::find(&lab) else {
        return;
    };
    let file = |name: &str, text: &str| {
        let path = kubectl.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let head = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec:\n  selector: {matchLabels: {a: b}}\n";
    let pod = "  template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: i}]}}\n";
    let typed = file("typed.yaml", &format!("{head}{pod}  replicas: two\n"));
    let said = kubectl.fails(&format!("apply -f {typed}")).await;
    assert!(
        said.contains("cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32"),
        "{said}"
    );
    let odd = file("odd.yaml", &format!("{head}{pod}  replicsa: 2\n"));
    let said = kubectl.fails(&format!("apply -f {odd}")).await;
    assert!(said.contains("strict decoding error: unknown field \"spec.replicsa\""), "{said}");
    let warned = kubectl.run(&format!("apply --validate=warn -f {odd}")).await;
    assert!(warned.status.success());
    assert!(String::from_utf8_lossy(&warned.stderr).contains("unknown field \"spec.replicsa\""), "{warned:?}");
    let explained = kubectl.ok("explain pods.spec.containers.imagePullPolicy").await;
    assert!(
        explained.contains("FIELD: imagePullPolicy <string>") && explained.contains("Always, Never"),
        "{explained}"
    );
    assert!(kubectl.ok("explain deployment --recursive").await.contains("progressDeadlineSeconds"));
    let definition = file(
        "crd.yaml",
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: widgets.example.com}\n\
         spec:\n  group: example.com\n  scope: Namespaced\n  names: {plural: widgets, kind: Widget}\n  versions:\n  \
         - name: v1\n    served: true\n    storage: true\n    schema: {openAPIV3Schema: {type: object, properties: \
         {spec: {type: object, properties: {size: {type: integer}}}}}}\n    \
         additionalPrinterColumns: [{name: Size, type: integer, jsonPath: .spec.size}]\n",
    );
    kubectl.ok(&format!("apply -f {definition}")).await;
    kubectl.ok("wait --for=condition=established crd/widgets.example.com --timeout=20s").await;
    let own = file("w.yaml", "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\nspec: {size: 1}\n");
    assert_eq!(kubectl.ok(&format!("apply -f {own}")).await, "widget.example.com/w created\n");
    assert_eq!(kubectl.ok(&format!("apply -f {own}")).await, "widget.example.com/w unchanged\n");
    assert_eq!(kubectl.ok("get widgets").await, "NAME   SIZE\nw      1\n");
    assert!(kubectl.ok("explain widget.spec").await.contains("size"));
    kubectl.ok("delete crd widgets.example.com").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kubectl_forwards_a_port_to_the_program_behind_it() {
    use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
    let (lab, name) = crate::port_forward::with_program().await;
    let Some(kubectl) = Kubectl::find(&lab) else {
        return;
    };
    let mut child = tokio::process::Command::new(&kubectl.program)
        .args(["port-forward", &format!("pod/{name}"), ":8443"])
        .env("HOME", kubectl.path())
        .env("KUBECONFIG", kubectl.path().join("config"))
        .stdout(std::process::Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let said = lines.next_line().await.unwrap().unwrap();
    let address = said.strip_prefix("Forwarding from ").and_then(|rest| rest.split(' ').next()).unwrap();
    // Two connections, one after the other, over the one tunnel.
    for words in [b"hello", b"again"] {
        let mut tcp = tokio::net::TcpStream::connect(address).await.unwrap();
        tcp.write_all(words).await.unwrap();
        let mut answer = [0; 5];
        tcp.read_exact(&mut answer).await.unwrap();
        assert_eq!(answer, words.to_ascii_uppercase()[..]);
    }
}
