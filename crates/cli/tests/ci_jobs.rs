//! CI jobs as they lie in a repository, and subjects given by hand, against hand-made roles.

use crate::support::{LabProcess, succeed, tool};
use serde_json::json;

const PROVIDER: &str = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com";
const KEY: &str = "token.actions.githubusercontent.com";

fn role(lab: &LabProcess, name: &str, subject: &str) {
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
        "Principal": {"Federated": PROVIDER}, "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringLike": {format!("{KEY}:sub"): subject},
            "StringEquals": {format!("{KEY}:aud"): "sts.amazonaws.com"}}}]});
    succeed(
        lab.command(tool("aws"))
            .args(["iam", "create-role", "--role-name", name])
            .args(["--assume-role-policy-document", &trust.to_string()]),
    );
}

/// A report's words, whatever its lines.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_jobs_of_a_checkout_are_walked_each_with_its_own_role() {
    let lab = LabProcess::up(&[]);
    role(&lab, "stage", "repo:acme/shop:ref:refs/heads/main");
    role(&lab, "prod", "repo:acme/shop:ref:refs/heads/main");
    let checkout = tempfile::tempdir().unwrap();
    let folder = checkout.path().join(".github").join("workflows");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::create_dir_all(checkout.path().join(".git")).unwrap();
    let step = |role: &str, more: &str| {
        format!(
            "    runs-on: ubuntu-latest\n    steps:\n      - uses: \
             aws-actions/configure-aws-credentials@v5\n        with: {{role-to-assume: \
             'arn:aws:iam::111122223333:role/{role}', aws-region: us-west-2{more}}}\n"
        )
    };
    let head = "on: {push: {branches: [main]}}\npermissions: {id-token: write, contents: read}\njobs:\n";
    let deploy =
        format!("{head}  stage:\n{}  prod:\n    environment: production\n{}", step("stage", ""), step("prod", ""));
    let release = format!("{head}  publish:\n{}", step("stage", ", audience: 'https://github.com/acme'"));
    std::fs::write(folder.join("deploy.yml"), deploy).unwrap();
    std::fs::write(folder.join("release.yaml"), release).unwrap();
    let config = "[remote \"origin\"]\n\turl = https://github.com/acme/shop.git\n";
    std::fs::write(checkout.path().join(".git").join("config"), config).unwrap();

    let path = checkout.path().display().to_string();
    let out = lab.trustwalk(&["diagnose", "--job", &path]);
    let text = String::from_utf8(out.stdout).unwrap();
    assert_eq!(out.status.code(), Some(3), "{text}");
    assert!(text.contains("? CI job deploy.yml, job stage\n"), "{text}");
    let prod = text.lines().find(|l| l.contains("\u{d7} CI job deploy.yml, job prod ")).unwrap();
    assert!(prod.ends_with("gha-sub-environment-vs-ref"), "{prod}");
    let publish = text.lines().find(|l| l.contains("\u{d7} CI job release.yaml, job publish ")).unwrap();
    assert!(publish.ends_with("audience-not-in-provider-client-ids"), "{publish}");
    // Nobody has seen the token: what is foretold is likely, never proven.
    assert!(flat(&text).contains("the token's sub may be `repo:acme/shop:environment:production`"), "{text}");
    assert!(!text.contains("proven"), "{text}");
}

#[test]
fn every_trigger_of_a_job_is_judged_by_its_own_subject() {
    let lab = LabProcess::up(&[]);
    role(&lab, "tags", "repo:acme*/shop*:ref:refs/tags/v*");
    role(&lab, "main", "repo:acme*/shop*:ref:refs/heads/main");
    role(&lab, "prod", "repo:acme*/shop*:environment:prod");
    role(&lab, "other", "repo:acme/blog:*");
    let checkout = tempfile::tempdir().unwrap();
    let folder = checkout.path().join(".github").join("workflows");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::create_dir_all(checkout.path().join(".git")).unwrap();
    let config = "[remote \"origin\"]\n\turl = https://github.com/acme/shop.git\n";
    std::fs::write(checkout.path().join(".git").join("config"), config).unwrap();
    let judged = |on: &str, role: &str| {
        let workflow = format!(
            "on: {on}\npermissions: {{id-token: write}}\njobs:\n  go:\n    runs-on: x\n    steps:\n      \
             - uses: aws-actions/configure-aws-credentials@v5\n        \
             with: {{role-to-assume: 'arn:aws:iam::111122223333:role/{role}', aws-region: us-west-2}}\n"
        );
        std::fs::write(folder.join("w.yml"), workflow).unwrap();
        let out = lab.trustwalk(&["diagnose", "--job", &checkout.path().display().to_string()]);
        (out.status.code(), String::from_utf8(out.stdout).unwrap())
    };
    // Tags are foretold as branches are.
    let (code, text) = judged("{push: {tags: ['v*']}}", "tags");
    assert_eq!(code, Some(4), "{text}");
    let (code, text) = judged("{push: {tags: ['v*']}}", "main");
    assert!(code == Some(3) && text.contains("ref:refs/tags/v<tag>"), "{text}");
    assert!(text.contains("gha-sub-branch-or-tag-not-allowed") && !text.contains("proven"), "{text}");
    // A job without an environment has on pull_request a subject that names nothing else.
    let (code, text) = judged("pull_request", "prod");
    assert!(code == Some(3) && text.contains("gha-sub-branch-or-tag-not-allowed"), "{text}");
    assert!(text.contains("`repo:acme/shop:pull_request`"), "{text}");
    // Of several triggers, the one that is refused is named.
    let (code, text) = judged("{push: {branches: [main]}, pull_request: {}}", "main");
    assert!(code == Some(3) && flat(&text).contains("on pull_request, the token's sub may be"), "{text}");
    // A likeness of names is no rename.
    let (_, text) = judged("{push: {branches: [main]}}", "other");
    assert!(!text.contains("renamed"), "{text}");
}

#[test]
fn a_pipeline_of_another_platform_is_not_walked_as_githubs() {
    let lab = LabProcess::up(&[]);
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join(".buildkite");
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("pipeline.yml");
    let text = "steps:\n  - command: make\n    key: go\n    plugins:\n      - \
                aws-assume-role-with-web-identity#v1.4.0:\n          \
                role-arn: arn:aws:iam::111122223333:role/none\n";
    std::fs::write(&file, text).unwrap();
    for path in [dir.path(), &file] {
        let out = lab.trustwalk(&["diagnose", "--job", &path.display().to_string(), "-o", "json"]);
        let text = String::from_utf8(out.stdout).unwrap();
        assert!(text.contains("pipeline.yml, job go"), "{text}");
        assert!(!text.contains("token.actions.githubusercontent.com"), "{text}");
    }
}

#[test]
fn a_subject_is_taken_for_the_issuer_its_role_trusts_and_not_for_the_clusters() {
    let lab = LabProcess::up(&[]);
    role(&lab, "deploy", "repo:acme/shop:ref:refs/heads/main");
    let arn = "arn:aws:iam::111122223333:role/deploy";
    let subject = |sub: &str| {
        let out = lab.trustwalk(&["diagnose", "--role", arn, "--subject", sub, "-o", "short"]);
        (out.status.code(), String::from_utf8(out.stdout).unwrap())
    };
    let (code, text) = subject("repo:acme/shop:ref:refs/heads/main");
    assert_eq!(code, Some(4), "only the exchange is open: {text}");
    let (code, text) = subject("repo:acme/shop:pull_request");
    assert_eq!(code, Some(3));
    assert!(text.contains("gha-sub-branch-or-tag-not-allowed"), "{text}");
    // A service account's subject is the cluster's.
    let (code, text) = subject("system:serviceaccount:payments:ledger");
    assert_eq!(code, Some(3));
    assert!(text.contains("federated-arn-wrong-provider"), "{text}");
}

#[test]
fn a_called_workflow_alone_does_not_tell_its_permissions() {
    let lab = LabProcess::up(&[]);
    role(&lab, "deploy", "repo:acme/shop:*");
    let dir = tempfile::tempdir().unwrap();
    let judged = |on: &str, with: &str| {
        let workflow = format!(
            "on: {on}\njobs:\n  deploy:\n    runs-on: x\n    steps:\n      - uses: \
             aws-actions/configure-aws-credentials@v5\n        with: {{aws-region: us-west-2, {with}}}\n"
        );
        std::fs::write(dir.path().join("workflow.yml"), workflow).unwrap();
        let out = lab.trustwalk(&["diagnose", "--job", &dir.path().display().to_string(), "-o", "short"]);
        (out.status.code(), String::from_utf8(out.stdout).unwrap())
    };
    let role = "role-to-assume: 'arn:aws:iam::111122223333:role/deploy'";
    let (code, text) = judged("push", role);
    assert!(code == Some(3) && text.contains("gha-id-token-permission-missing"), "{text}");
    let (code, text) = judged("workflow_call", role);
    assert!(code == Some(4) && !text.contains("gha-id-token-permission-missing"), "{text}");
    // Keys of the step's own ask for no token, with a role or without.
    for with in ["aws-access-key-id: x".to_owned(), format!("aws-access-key-id: x, {role}")] {
        let (code, text) = judged("push", &with);
        assert_eq!(code, Some(4), "{text}");
    }
}

#[test]
fn a_subject_alone_does_not_tell_the_tokens_other_claims() {
    let lab = LabProcess::up(&[]);
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
        "Principal": {"Federated": PROVIDER}, "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringLike": {format!("{KEY}:sub"): "repo:acme/shop:*",
            format!("{KEY}:job_workflow_ref"): "acme/ci/*"},
            "StringEquals": {format!("{KEY}:aud"): "sts.amazonaws.com"}}}]});
    succeed(
        lab.command(tool("aws"))
            .args(["iam", "create-role", "--role-name", "deploy"])
            .args(["--assume-role-policy-document", &trust.to_string()]),
    );
    let arn = "arn:aws:iam::111122223333:role/deploy";
    let out = lab.trustwalk(&["diagnose", "--role", arn, "--subject", "repo:acme/shop:ref:refs/heads/main"]);
    let text = String::from_utf8(out.stdout).unwrap();
    assert_eq!(out.status.code(), Some(4), "{text}");
    assert!(text.contains("the token's `job_workflow_ref`"), "{text}");
    let out =
        lab.trustwalk(&["diagnose", "--role", arn, "--subject", "repo:Acme/shop:ref:refs/heads/main", "-o", "short"]);
    let text = String::from_utf8(out.stdout).unwrap();
    assert!(text.contains("gha-sub-case-mismatch"), "{text}");
}

#[test]
fn google_needs_no_provider_of_the_account_and_varies_its_subjects() {
    let lab = LabProcess::up(&[]);
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
        "Principal": {"Federated": "accounts.google.com"}, "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {"accounts.google.com:sub": "112233445566778899001"}}}]});
    succeed(
        lab.command(tool("aws"))
            .args(["iam", "create-role", "--role-name", "deploy"])
            .args(["--assume-role-policy-document", &trust.to_string()]),
    );
    let judged = |subject: &str| {
        let arn = "arn:aws:iam::111122223333:role/deploy";
        let out = lab.trustwalk(&["diagnose", "--role", arn, "--subject", subject, "-o", "short"]);
        (out.status.code(), String::from_utf8(out.stdout).unwrap())
    };
    let (code, text) = judged("112233445566778899001");
    assert!(code == Some(4) && !text.contains("TW"), "{text}");
    let (code, text) = judged("deployer@acme.iam.gserviceaccount.com");
    assert!(code == Some(3) && text.contains("idp-sub-format-varies"), "{text}");
}
