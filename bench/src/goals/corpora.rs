//! Checkouts and an account of any size, for checkers of files: each the same in every run, and each with a known
//! number of faults.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Result;
use serde_json::{Value, json};

/// The account of every role.
const ACCOUNT: &str = "111122223333";
const GITHUB: &str = "token.actions.githubusercontent.com";
const EKS: &str = "oidc.eks.us-west-2.amazonaws.com/id/EXAMPLED539D4633E53DE1B716D3041E";
/// Files of one folder.
const FOLDER: usize = 100;
/// One workflow in so many asks for a role without the right to a token.
pub(crate) const FAULTY: usize = 10;

/// Manifests, one a file; of four kinds that every cluster has, none of them with a fault.
pub(crate) fn manifests(root: &Path, count: usize) -> Result<()> {
    for number in 0..count {
        let folder = root.join(format!("d{}", number / FOLDER));
        if number % FOLDER == 0 {
            std::fs::create_dir_all(&folder)?;
        }
        std::fs::write(folder.join(format!("m{number}.yaml")), manifest(number))?;
    }
    Ok(())
}

/// What a manifest begins with.
const HEAD: &str = "apiVersion: VERSION
kind: KIND
metadata:
  name: app-%
  namespace: ns-SPACE
  labels:
    app.kubernetes.io/name: app-%
    app.kubernetes.io/part-of: shop
";
const ACCOUNT_OF_SERVICE: &str = "automountServiceAccountToken: true\n";
const SETTINGS: &str = "data:\n  LOG_LEVEL: info\n  WORKERS: \"%\"\n";
const SERVICE: &str = "spec:
  selector:
    app.kubernetes.io/name: app-%
  ports:
    - name: http
      port: 80
      targetPort: 8080
";
const DEPLOYMENT: &str = "spec:
  replicas: 2
  selector:
    matchLabels:
      app.kubernetes.io/name: app-%
  template:
    metadata:
      labels:
        app.kubernetes.io/name: app-%
    spec:
      serviceAccountName: app-OWN
      containers:
        - name: app
          image: registry.example/app:1.%
          ports:
            - containerPort: 8080
          resources:
            requests:
              cpu: 100m
              memory: 128Mi
          env:
            - name: LOG_LEVEL
              value: info
";

fn manifest(number: usize) -> String {
    let (version, kind, rest) = match number % 4 {
        0 => ("v1", "ServiceAccount", ACCOUNT_OF_SERVICE),
        1 => ("v1", "ConfigMap", SETTINGS),
        2 => ("v1", "Service", SERVICE),
        _ => ("apps/v1", "Deployment", DEPLOYMENT),
    };
    [HEAD, rest]
        .concat()
        .replace("VERSION", version)
        .replace("KIND", kind)
        .replace("SPACE", &(number / 4 % 50).to_string())
        .replace("OWN", &(number / 4 * 4).to_string())
        .replace('%', &number.to_string())
}

const WORKFLOW: &str = "name: deploy-N
on:
  push:
    branches: [main]
jobs:
  test:
    runs-on: ubuntu-24.04
    steps:
      - uses: actions/checkout@v5
      - run: make test
  deploy:
    needs: test
    runs-on: ubuntu-24.04
    permissions:
      contents: read
RIGHT
    steps:
      - uses: actions/checkout@v5
      - uses: aws-actions/configure-aws-credentials@v5
        with:
          role-to-assume: arn:aws:iam::ACCOUNT:role/deploy-N
          aws-region: us-west-2
      - run: ./deploy.sh service-N
";

/// Workflows of one repository, one in [`FAULTY`] of them with a fault; how many those are.
pub(crate) fn workflows(root: &Path, count: usize) -> Result<usize> {
    let folder = root.join(".github/workflows");
    std::fs::create_dir_all(&folder)?;
    // Without it a checker may take the folder for none of a repository.
    std::fs::create_dir_all(root.join(".git"))?;
    for number in 0..count {
        let right = if number % FAULTY == 0 { "" } else { "      id-token: write\n" };
        let text = WORKFLOW.replace("RIGHT\n", right).replace("ACCOUNT", ACCOUNT).replace('N', &number.to_string());
        std::fs::write(folder.join(format!("deploy-{number}.yml")), text)?;
    }
    Ok(count.div_ceil(FAULTY))
}

/// A kind of trust, and whether strangers get in.
struct Kind {
    issuer: &'static str,
    operator: &'static str,
    subject: &'static str,
    audience: bool,
    open: bool,
}

const fn kind(issuer: &'static str, operator: &'static str, subject: &'static str, audience: bool, open: bool) -> Kind {
    Kind { issuer, operator, subject, audience, open }
}

/// Trust as people write it. `N` stands for the role's number; without a subject none is asked for.
const KINDS: [Kind; 14] = [
    kind(EKS, "StringEquals", "system:serviceaccount:ns-N:app", true, false),
    kind(GITHUB, "StringLike", "repo:acme/app-N:*", true, false),
    kind(GITHUB, "StringEquals", "repo:acme/app-N:ref:refs/heads/main", true, false),
    kind(GITHUB, "StringEquals", "repo:acme@42/app-N@N7:ref:refs/heads/main", true, false),
    kind(GITHUB, "StringLike", "repo:acme/app-N:ref:refs/heads/main", true, false),
    kind(GITHUB, "StringLike", "repo:acme/*", true, false),
    kind(GITHUB, "StringLike", "repo:acme/app-N:environment:production", false, false),
    kind(EKS, "StringEquals", "system:serviceaccount:ns-N:app", false, false),
    kind(GITHUB, "StringLike", "", true, true),
    kind(GITHUB, "StringLike", "repo:acme*/app-N:*", true, true),
    kind(GITHUB, "StringLike", "repo:*/app-N:ref:refs/heads/main", true, true),
    kind(GITHUB, "ForAllValues:StringLike", "repo:*", true, true),
    kind(GITHUB, "StringLike", "job_workflow_ref:acme/flows/*", true, true),
    kind(GITHUB, "StringNotLike", "repo:evil/*", true, true),
];

/// A role's name, its trust, and whether strangers get in.
pub(crate) fn role(number: usize) -> (String, Value, bool) {
    let Some(kind) = KINDS.get(number % KINDS.len()) else { return (String::new(), Value::Null, false) };
    let n = number.to_string();
    let mut conditions = serde_json::Map::new();
    let mut ask = |operator: &str, key: String, value: String| {
        let of = conditions.entry(operator.to_owned()).or_insert_with(|| json!({}));
        if let Some(keys) = of.as_object_mut() {
            keys.insert(key, json!(value));
        }
    };
    if !kind.subject.is_empty() {
        ask(kind.operator, format!("{}:sub", kind.issuer), kind.subject.replace('N', &n));
    }
    if kind.audience {
        ask("StringEquals", format!("{}:aud", kind.issuer), "sts.amazonaws.com".to_owned());
    }
    let document = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
        "Principal": {"Federated": format!("arn:aws:iam::{ACCOUNT}:oidc-provider/{}", kind.issuer)},
        "Action": "sts:AssumeRoleWithWebIdentity", "Condition": conditions}]});
    (format!("role-{number}"), document, kind.open)
}

/// The answer of `get-account-authorization-details` for so many roles.
pub(crate) fn account(count: usize) -> Value {
    let roles: Vec<Value> = (0..count)
        .map(|number| {
            let (name, trust, _) = role(number);
            json!({"Path": "/", "RoleName": name, "RoleId": format!("AROA{number:017}"),
                "Arn": format!("arn:aws:iam::{ACCOUNT}:role/{name}"), "CreateDate": "2025-01-01T00:00:00+00:00",
                "AssumeRolePolicyDocument": trust, "InstanceProfileList": [], "RolePolicyList": [],
                "AttachedManagedPolicies": [], "Tags": [], "RoleLastUsed": {}})
        })
        .collect();
    json!({"UserDetailList": [], "GroupDetailList": [], "Policies": [], "RoleDetailList": roles, "IsTruncated": false})
}

/// The same roles in Terraform, their trust in data sources: there alone checkov looks at who may assume a role by web
/// identity.
pub(crate) fn terraform(count: usize) -> Result<String> {
    let mut out = String::new();
    for number in 0..count {
        let (name, trust, _) = role(number);
        let statement = trust.pointer("/Statement/0").cloned().unwrap_or_default();
        let text = |pointer: &str| statement.pointer(pointer).cloned().unwrap_or_default();
        writeln!(out, "data \"aws_iam_policy_document\" \"t{number}\" {{\n  statement {{")?;
        writeln!(out, "    actions = [{}]", text("/Action"))?;
        writeln!(out, "    principals {{\n      type        = \"Federated\"")?;
        writeln!(out, "      identifiers = [{}]\n    }}", text("/Principal/Federated"))?;
        for (test, keys) in statement.pointer("/Condition").and_then(Value::as_object).into_iter().flatten() {
            for (variable, value) in keys.as_object().into_iter().flatten() {
                writeln!(out, "    condition {{\n      test     = \"{test}\"")?;
                writeln!(out, "      variable = \"{variable}\"\n      values   = [{value}]\n    }}")?;
            }
        }
        writeln!(out, "  }}\n}}\nresource \"aws_iam_role\" \"r{number}\" {{\n  name = \"{name}\"")?;
        writeln!(out, "  assume_role_policy = data.aws_iam_policy_document.t{number}.json\n}}")?;
    }
    Ok(out)
}
