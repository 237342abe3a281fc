//! What the binary prints for machines is what `docs/schema` says: every document, validated.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests fail by panicking, as tests do"
)]

use std::io::Write as _;
use std::path::Path;
use std::process::{Output, Stdio};

use crate::support;
use crate::support::{LabProcess, succeed, tool};
use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::{Value, json};

const TARGET: [&str; 3] = ["daemonset/aws-node", "-n", "kube-system"];

/// The published schemas.
struct Published {
    compiler: Compiler,
    schemas: Schemas,
}

impl Published {
    fn new() -> Self {
        Self { compiler: Compiler::new(), schemas: Schemas::new() }
    }

    /// A schema as it is published, open to members to come, and one that takes those alone that it describes.
    fn schema(&mut self, name: &str) -> (SchemaIndex, SchemaIndex) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schema").join(name);
        let mut schema: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let (open, closed) = (format!("urn:open:{name}"), format!("urn:closed:{name}"));
        // Under names of their own, so that both can be looked into.
        schema["$id"] = json!(open);
        let _ = self.compiler.add_resource(&open, schema.clone());
        close(&mut schema);
        schema["$id"] = json!(closed);
        let _ = self.compiler.add_resource(&closed, schema);
        let mut of =
            |url: &str| self.compiler.compile(url, &mut self.schemas).unwrap_or_else(|e| panic!("{name}: {e:#}"));
        (of(&open), of(&closed))
    }

    #[track_caller]
    fn holds(&mut self, name: &str, document: &Value) {
        let (open, closed) = self.schema(name);
        if let Err(e) = self.schemas.validate(document, closed) {
            panic!("{name}: {e:#}\n{document:#}");
        }
        let mut later = document.clone();
        grow(&mut later);
        if let Err(e) = self.schemas.validate(&later, open) {
            panic!("{name} refuses a member that a later version may bring: {e:#}");
        }
    }
}

/// Takes no member that a schema does not describe.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            members.values_mut().for_each(close);
            let described = members.get("properties").is_some_and(Value::is_object) && members.contains_key("type");
            if described && !members.contains_key("additionalProperties") {
                members.insert("additionalProperties".to_owned(), json!(false));
            }
        }
        Value::Array(all) => all.iter_mut().for_each(close),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Gives a document's objects a member that nobody knows: each that has a member already, maps by name aside.
fn grow(document: &mut Value) {
    match document {
        Value::Object(members) => {
            members.values_mut().for_each(grow);
            if members.values().any(|v| !v.is_string()) {
                members.insert("a_member_of_a_later_version".to_owned(), json!("x"));
            }
        }
        Value::Array(all) => all.iter_mut().for_each(grow),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[track_caller]
fn json_of(out: &Output) -> Value {
    serde_json::from_slice(&out.stdout).unwrap_or_else(|e| {
        panic!("{e}: {}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr))
    })
}

fn lines_of(out: &Output) -> Vec<Value> {
    String::from_utf8_lossy(&out.stdout).lines().map(|l| serde_json::from_str(l).unwrap()).collect()
}

/// trustwalk in the lab's environment, with something on its standard input.
fn with_input(lab: &LabProcess, words: &[&str], input: &str) -> Output {
    let mut command = lab.command(env!("CARGO_BIN_EXE_trustwalk"));
    let mut child = command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn diagnoses_plans_receipts_and_bundles_are_as_published() {
    let mut published = Published::new();
    let lab = LabProcess::up(&["--broken"]);
    let run = |words: &[&str]| lab.trustwalk(words);
    let everything = json_of(&run(&["diagnose", "-o", "json"]));
    assert!(everything.as_array().unwrap().len() > 1);
    published.holds("diagnosis.json", &everything);
    published.holds("error.json", &json_of(&run(&["diagnose", "--log", "missing", "-o", "json"])));
    for words in [
        &["fix", "deployment/nosuch", "-n", "payments", "-o", "json"][..],
        &["diagnose", "--nope", "-ojson"],
        &["diagnose", "--timeout", "1s", "--kubeconfig", "missing", "-o", "json"],
    ] {
        published.holds("error.json", &json_of(&run(words)));
    }
    published.holds("access.json", &json_of(&run(&["access", "--level", "fix", "-o", "json"])));
    published.holds("fix.json", &json_of(&run(&["fix", "-o", "json"])));
    let read =
        |name: &str| -> Value { serde_json::from_slice(&std::fs::read(lab.dir.path().join(name)).unwrap()).unwrap() };
    assert!(run(&["collect", "-o", "all.json"]).status.success());
    published.holds("forecast.json", &json_of(&run(&["forecast", "--bundle", "all.json", "-o", "json"])));
    published.holds("bundle.json", &read("all.json"));
    run(&[&["fix"][..], &TARGET, &["--out", "plan.json"]].concat());
    published.holds("plan.json", &read("plan.json"));
    published.holds("fix.json", &json_of(&run(&["fix", "--plan", "plan.json", "-o", "json"])));
    let fix = [&["fix"][..], &TARGET, &["--approve", "--receipt", "r.json", "-o", "json"]].concat();
    let fixed = json_of(&run(&fix));
    assert_eq!(fixed[0]["applied"]["verification"], "proven");
    published.holds("fix.json", &fixed);
    published.holds("receipt.json", &read("r.json"));
    let stale = json_of(&run(&["fix", "--plan", "plan.json", "-o", "json"]));
    published.holds("fix.json", &stale);
    assert_eq!(stale[0]["plan"]["differs"][0]["kind"], "cures");
    published.holds("receipts.json", &json_of(&run(&["receipts", "-o", "json"])));
    published.holds("rollback.json", &json_of(&run(&["rollback", "r.json", "-o", "json"])));
    published.holds("rollback.json", &json_of(&run(&["rollback", "r.json", "--approve", "-o", "json"])));
    published.holds("lab.json", &json_of(&lab.lab(&["break", "sub-wrong-namespace", "-o", "json"])));
    published.holds("lab.json", &json_of(&lab.lab(&["mend", "-o", "json"])));
    published.holds("lab.json", &json_of(&lab.lab(&["clock", "-o", "json"])));
    published.holds("forecast.json", &json_of(&lab.trustwalk(&[&["forecast"], &TARGET[..], &["-o", "json"]].concat())));
    published.holds("receipt.json", &read("r.json"));
}

#[test]
fn plans_of_several_kinds_are_as_published() {
    let mut published = Published::new();
    let lab = LabProcess::up(&[]);
    for words in [&["--incoming", "incoming.pem"][..], &["--retire"], &[]] {
        published.holds(
            "fix.json",
            &json_of(&lab.trustwalk(&[&["fix", "--rotate"][..], &TARGET, words, &["-o", "json"]].concat())),
        );
    }
    for fault in [
        "audience-not-in-provider-client-ids",
        "wildcard-with-stringequals",
        "oidc-provider-missing-in-account",
        "sub-wrong-namespace",
    ] {
        assert!(lab.lab(&["break", fault]).status.success(), "{fault}");
        published.holds("fix.json", &json_of(&lab.trustwalk(&["fix", "-o", "json"])));
        assert!(lab.lab(&["mend"]).status.success(), "{fault}");
    }
}

#[test]
fn thumbprints_of_one_and_of_many_are_as_published() {
    let mut published = Published::new();
    let lab = LabProcess::up(&["--broken"]);
    let clusters = lab.command(tool("aws")).args(["eks", "describe-cluster", "--name", "harbour"]).output().unwrap();
    let url = json_of(&clusters)["cluster"]["identity"]["oidc"]["issuer"].as_str().unwrap().to_owned();
    for words in [&[url.as_str()][..], &[&url, "--no-account"], &["https://nobody.invalid"]] {
        let out = lab.trustwalk(&[&["thumbprint", "-o", "json"], words].concat());
        published.holds("thumbprint.json", &json_of(&out));
    }
    let pem = lab.trustwalk(&["thumbprint", &url, "-o", "pem"]);
    std::fs::write(lab.dir.path().join("chain.pem"), &pem.stdout).unwrap();
    published
        .holds("thumbprint.json", &json_of(&lab.trustwalk(&["thumbprint", "--from", "chain.pem", "-o", "json", &url])));
    let many = with_input(&lab, &["thumbprint", "--fleet", "-"], &format!("{url}\nno host\nnobody.invalid\n"));
    let lines = lines_of(&many);
    assert_eq!(lines.len(), 3);
    for line in &lines {
        published.holds("thumbprint-fleet-line.json", line);
    }
}

#[test]
fn tokens_policies_and_logs_are_as_published() {
    let mut published = Published::new();
    let lab = LabProcess::up(&["--broken"]);
    let mint = ["create", "token", "aws-node", "-n", "kube-system", "--audience", "sts.amazonaws.com"];
    let token = succeed(lab.command(tool("kubectl")).args(mint)).trim().to_owned();
    for (words, input) in [(&[][..], token.as_str()), (&["--client-id", "other"], &token), (&[], "no.token"), (&[], "")]
    {
        let out = with_input(&lab, &[&["token", "-", "-o", "json"], words].concat(), input);
        published.holds("token.json", &json_of(&out));
    }
    let keys = succeed(lab.command(tool("kubectl")).args(["get", "--raw", "/openid/v1/jwks"]));
    std::fs::write(lab.dir.path().join("keys.json"), keys).unwrap();
    let out = with_input(&lab, &["token", "-", "--jwks", "keys.json", "-o", "json"], &format!("{token}\nno.token\n"));
    let lines = lines_of(&out);
    assert_eq!((lines[0]["verdict"].as_str(), lines[1]["verdict"].as_str()), (Some("accepted"), Some("refused")));
    for line in &lines {
        published.holds("token-line.json", line);
    }
    let condition = json!({"StringEquals": {"issuer.example:sub": "*:a", "issuer.example:aud:sub": "x"}});
    let statement = json!({"Effect": "Allow", "Condition": condition, "Action": "sts:AssumeRole", "Resource": "*",
        "Principal": {"Federated": "arn:aws:iam::444455556666:oidc-provider/issuer.example"}});
    let policy = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
    let judged = json_of(&with_input(&lab, &["trust", "-", "--subject", "b:a", "-o", "json"], &policy));
    assert!(!judged["iam_would_refuse"].as_array().unwrap().is_empty(), "{judged:#}");
    published.holds("trust.json", &judged);
    let log = "WebIdentityErr: failed\ncaused by: InvalidIdentityToken: Incorrect token audience\n\tstatus code: \
        400, request id: 1\n";
    published.holds("logs.json", &json_of(&with_input(&lab, &["logs", "-", "missing", "-o", "json"], log)));
}

/// The seed's own change, in each of its forms: an add-on, or a service account, gets a role of its own.
fn changes_of_the_seed(role: &str) -> [(&'static str, String); 4] {
    [
        (
            "main.tf",
            format!(
                "resource \"aws_eks_addon\" \"cni\" {{\n  cluster_name = \"harbour\"\n  addon_name   = \"vpc-cni\"\n  \
                 service_account_role_arn = \"{role}\"\n}}\n"
            ),
        ),
        (
            "stack.yaml",
            format!(
                "Resources:\n  Cni:\n    Type: AWS::EKS::Addon\n    Properties: {{ClusterName: harbour, AddonName: \
                 vpc-cni, ServiceAccountRoleArn: '{role}'}}\n"
            ),
        ),
        (
            "cluster.yaml",
            format!(
                "apiVersion: eksctl.io/v1alpha5\nkind: ClusterConfig\nmetadata: {{name: harbour, region: us-west-2}}\n\
                 addons:\n  - {{name: vpc-cni, serviceAccountRoleARN: '{role}'}}\n"
            ),
        ),
        (
            "sa.yaml",
            format!(
                "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: aws-node\n  namespace: kube-system\n  \
                 annotations: {{eks.amazonaws.com/role-arn: '{role}'}}\n"
            ),
        ),
    ]
}

#[test]
fn the_seeds_own_change_is_refused_while_the_thumbprint_does_not_match() {
    let mut published = Published::new();
    let lab = LabProcess::up(&["--model", "thumbprint-only"]);
    let role = {
        let list = ["iam", "list-roles", "--query", "Roles[].Arn", "--output", "json"];
        let all: Vec<String> = serde_json::from_str(&succeed(lab.command(tool("aws")).args(list))).unwrap();
        all.into_iter().find(|arn| arn.contains("VpcCni")).unwrap()
    };
    let preflight_with = |file: &str, text: &str, more: &[&str]| {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(file), text).unwrap();
        let place = folder.path().display().to_string();
        let out = lab.trustwalk(&[&["preflight", place.as_str(), "--live", "-o", "json"], more].concat());
        (out.status.code(), json_of(&out))
    };
    let preflight = |file: &str, text: &str| preflight_with(file, text, &[]);
    for (file, text) in changes_of_the_seed(&role) {
        let (code, sound) = preflight(file, &text);
        assert_eq!(code, Some(0), "{file}: {sound:#}");
    }
    assert!(lab.lab(&["break", "thumbprint-mismatch"]).status.success());
    for (file, text) in changes_of_the_seed(&role) {
        let (code, broken) = preflight(file, &text);
        let found = &broken["findings"][0];
        assert_eq!((code, found["code"].as_str()), (Some(3), Some("TW007")), "{file}: {broken:#}");
        assert_eq!(found["at"]["file"], json!(file));
        published.holds("preflight.json", &broken);
    }
    assert!(lab.lab(&["mend"]).status.success());
    let [first, ..] = changes_of_the_seed(&role);
    let (code, mended) = preflight(first.0, &first.1);
    assert_eq!(code, Some(0), "{mended:#}");
    published.holds("preflight.json", &mended);
    // What was read of the account is rehearsed as what files declare is.
    let (code, rehearsed) = preflight_with(first.0, &first.1, &["--rehearse"]);
    assert_eq!((code, &rehearsed["rehearsal"][0]["answered"]), (Some(0), &json!("admitted")), "{rehearsed:#}");
    published.holds("preflight.json", &rehearsed);
}

#[test]
fn audits_are_as_published_live_and_from_files() {
    let mut published = Published::new();
    let lab = LabProcess::up(&[]);
    let live = json_of(&lab.trustwalk(&["audit", "-o", "json"]));
    assert_eq!(live["unread"], json!([]), "{live:#}");
    assert!(live["trusting"].as_u64().unwrap() > 2 && live["providers"].as_u64().unwrap() > 0, "{live:#}");
    published.holds("audit.json", &live);
    // What the command line of AWS saves is read alike.
    let aws = |words: &[&str]| succeed(lab.command(tool("aws")).args(["iam"]).args(words).args(["--output", "json"]));
    std::fs::write(lab.dir.path().join("a.json"), aws(&["get-account-authorization-details"])).unwrap();
    let listed = aws(&["list-open-id-connect-providers"]);
    std::fs::write(lab.dir.path().join("p.json"), &listed).unwrap();
    let listed: Value = serde_json::from_str(&listed).unwrap();
    let mut given = vec!["p.json".to_owned()];
    for (n, one) in listed["OpenIDConnectProviderList"].as_array().unwrap().iter().enumerate() {
        let arn = one["Arn"].as_str().unwrap();
        let answer = aws(&["get-open-id-connect-provider", "--open-id-connect-provider-arn", arn]);
        given.push(format!("p{n}.json"));
        std::fs::write(lab.dir.path().join(format!("p{n}.json")), answer).unwrap();
    }
    let mut words = vec!["audit", "--authorization-details", "a.json", "-o", "json"];
    for file in &given {
        words.extend(["--providers", file]);
    }
    let offline = json_of(&lab.trustwalk(&words));
    published.holds("audit.json", &offline);
    assert_eq!(offline["trust"], live["trust"]);
    let told = |document: &Value| -> Vec<Value> {
        document["findings"].as_array().unwrap().iter().map(|f| f["fingerprint"].clone()).collect()
    };
    assert_eq!(told(&offline), told(&live));
    let one = live["trust"][0].clone();
    let role = one["role"].as_str().unwrap();
    published.holds("audit.json", &json_of(&lab.trustwalk(&["audit", "--role", role, "-o", "json"])));
    let issuer = format!("https://{}", one["issuer"].as_str().unwrap());
    let subject = one["subjects"][0].as_str().unwrap();
    let answer = json_of(&lab.trustwalk(&["audit", "--issuer", &issuer, "--subject", subject, "-o", "json"]));
    published.holds("audit.json", &answer);
    assert!(answer["assumable"].as_array().unwrap().iter().any(|a| a["role"] == role), "{answer:#}");
}

#[test]
fn explanations_of_texts_of_causes_and_of_all_are_as_published() {
    let mut published = Published::new();
    for words in [
        &[][..],
        &["TW007"],
        &["TA004"],
        &["any-namespace-of-a-cluster"],
        &["Incorrect token audience"],
        &["thumbprint"],
        &["thumbprint-missmatch"],
        &["api error Throttling: Rate exceeded calling sts.amazonaws.com"],
        &["PackedPolicyTooLarge"],
        &["who uses role HarbourCni in account 111122223333, namespace `a`, pod/b-1?"],
    ] {
        let out = support::trustwalk().args(["explain", "-o", "json"]).args(words).output().unwrap();
        published.holds("explain.json", &json_of(&out));
    }
    let out = support::trustwalk().args(["explain", "-o", "json", "nothing of the kind at all"]).output().unwrap();
    published.holds("error.json", &json_of(&out));
}

#[test]
fn a_document_that_is_not_as_published_is_noticed() {
    let mut published = Published::new();
    let schema = published.schema("rollback.json");
    for wrong in [
        json!({}),
        json!({"schema": 2, "receipt": "r", "undone": 1}),
        json!({"schema": 1, "receipt": "r", "undone": 1, "approved": true, "foreign": null, "steps": [], "x": 1}),
    ] {
        assert!(published.schemas.validate(&wrong, schema.1).is_err(), "{wrong}");
    }
}
