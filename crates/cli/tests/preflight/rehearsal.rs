//! `preflight --rehearse`: what the files declare, tried in a lab.

use serde_json::{Value, json};

use super::{ACCOUNT, SUBJECT, checkout, document, preflight, role};

/// The only exchange.
fn only(report: &Value) -> &Value {
    let all = report["rehearsal"].as_array().unwrap();
    assert_eq!(all.len(), 1, "{report:#}");
    all.first().unwrap()
}

#[test]
fn a_sound_checkout_is_admitted_and_a_broken_one_refused() {
    let sound = checkout(&[("iam/role.yaml", &role(SUBJECT)), ("k8s/sa.yaml", ACCOUNT)]);
    let (code, report) = document(sound.path(), &["--rehearse"]);
    let one = only(&report);
    assert_eq!((code, &one["verdict"], &one["answered"]), (Some(0), &json!("agree"), &json!("admitted")), "{one:#}");
    assert!(one["stood_in"][0].as_str().unwrap().starts_with("the provider of oidc.eks"), "{one:#}");
    let said = String::from_utf8(preflight(sound.path(), &["--rehearse"]).stdout).unwrap();
    assert!(said.contains("agree") && said.contains("exchanges in a lab: 1 in agreement"), "{said}");
    let broken = checkout(&[("iam/role.yaml", &role("system:serviceaccount:prod:reader")), ("k8s/sa.yaml", ACCOUNT)]);
    let (code, report) = document(broken.path(), &["--rehearse"]);
    let one = only(&report);
    assert_eq!((code, &one["verdict"], &one["code"]), (Some(3), &json!("agree"), &json!("AccessDenied")), "{one:#}");
    // Without the option nothing is said of it.
    assert_eq!(document(broken.path(), &[]).1.get("rehearsal"), None);
}

#[test]
fn what_the_lab_does_not_save_is_no_pass() {
    // A policy of the role that IAM refuses, of which preflight does not speak.
    let policy = "      Policies:\n        - PolicyName: own\n          PolicyDocument:\n            \
                  Version: '2012-10-17'\n            Statement:\n              - \
                  {Effect: Allow, Action: 's3:GetObject', Resource: not-an-arn}\n";
    let folder = checkout(&[("iam/role.yaml", &(role(SUBJECT) + policy)), ("k8s/sa.yaml", ACCOUNT)]);
    assert_eq!(document(folder.path(), &[]).0, Some(0));
    let (code, report) = document(folder.path(), &["--rehearse"]);
    let one = only(&report);
    assert_eq!((code, &one["verdict"]), (Some(4), &json!("disagree")), "{one:#}");
    assert_eq!((&one["judged"], &one["answered"]), (&json!("admitted"), &json!("refused")), "{one:#}");
    assert_eq!(one["not_saved"], "policy of the role", "{one:#}");
    assert_eq!(report["identities"][0]["standing"], "undetermined");
    for format in ["human", "github", "junit", "yaml", "sarif", "gitlab"] {
        let out = preflight(folder.path(), &["--rehearse", "-o", format]);
        assert_eq!(out.status.code(), Some(4), "{format}");
        let said = String::from_utf8(out.stdout).unwrap();
        let told = said.contains("one of the two is wrong");
        assert_eq!(told, !["sarif", "gitlab"].contains(&format), "{format}: {said}");
    }
}

#[test]
fn what_hangs_on_a_symbol_is_not_rehearsed_and_that_is_said() {
    let variable = role("!Sub 'system:serviceaccount:${Space}:reader'");
    let template = format!("Parameters:\n  Space: {{Type: String}}\n{variable}");
    let folder = checkout(&[("iam/role.yaml", &template), ("k8s/sa.yaml", ACCOUNT)]);
    let (code, report) = document(folder.path(), &["--rehearse"]);
    assert_eq!((code, &only(&report)["verdict"]), (Some(4), &json!("not-rehearsed")), "{report:#}");
}

#[test]
fn what_aws_makes_has_a_stand_in() {
    let terraform = r#"
data "aws_caller_identity" "this" {}
resource "aws_eks_cluster" "this" {
  name     = "shop"
  role_arn = "arn:aws:iam::111122223333:role/cluster"
  vpc_config { subnet_ids = ["subnet-1"] }
}
resource "aws_iam_openid_connect_provider" "this" {
  url            = aws_eks_cluster.this.identity[0].oidc[0].issuer
  client_id_list = ["sts.amazonaws.com"]
}
locals { issuer = replace(aws_iam_openid_connect_provider.this.url, "https://", "") }
resource "aws_iam_role" "reader" {
  name = "reader"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Federated = aws_iam_openid_connect_provider.this.arn }
      Action    = "sts:AssumeRoleWithWebIdentity"
      Condition = { StringEquals = {
        "${local.issuer}:sub" = "system:serviceaccount:shop:reader"
        "${local.issuer}:aud" = "sts.amazonaws.com"
      } }
    }]
  })
}
resource "kubernetes_service_account_v1" "reader" {
  metadata {
    name        = "reader"
    namespace   = "shop"
    annotations = { "eks.amazonaws.com/role-arn" = aws_iam_role.reader.arn }
  }
}
resource "aws_iam_role" "pods" {
  name = "pods"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "pods.eks.amazonaws.com" }
      Action    = ["sts:AssumeRole", "sts:TagSession"]
    }]
  })
}
resource "aws_eks_addon" "agent" {
  cluster_name = aws_eks_cluster.this.name
  addon_name   = "eks-pod-identity-agent"
}
resource "aws_eks_pod_identity_association" "writer" {
  cluster_name    = aws_eks_cluster.this.name
  namespace       = "shop"
  service_account = "writer"
  role_arn        = aws_iam_role.pods.arn
}
"#;
    let folder = checkout(&[("main.tf", terraform)]);
    let (code, report) = document(folder.path(), &["--rehearse"]);
    let all = report["rehearsal"].as_array().unwrap();
    assert!(code == Some(0) && all.len() == 2, "{report:#}");
    assert!(all.iter().all(|one| one["verdict"] == "agree" && one["answered"] == "admitted"), "{report:#}");
}

#[test]
fn a_job_is_rehearsed_for_each_of_its_triggers() {
    let role = |subject: &str| {
        format!(
            r#"
resource "aws_iam_openid_connect_provider" "github" {{
  url            = "https://token.actions.githubusercontent.com"
  client_id_list = ["sts.amazonaws.com"]
}}
resource "aws_iam_role" "deploy" {{
  name = "deploy"
  assume_role_policy = jsonencode({{
    Version = "2012-10-17"
    Statement = [{{
      Effect    = "Allow"
      Principal = {{ Federated = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com" }}
      Action    = "sts:AssumeRoleWithWebIdentity"
      Condition = {{
        StringEquals = {{ "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com" }}
        StringLike   = {{ "token.actions.githubusercontent.com:sub" = "{subject}" }}
      }}
    }}]
  }})
}}
"#
        )
    };
    let workflow = "on:\n  push: {branches: [main]}\n  pull_request:\npermissions: {id-token: write}\njobs:\n  \
                    deploy:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: \
                    aws-actions/configure-aws-credentials@v4\n        with:\n          \
                    aws-region: us-west-2\n          \
                    role-to-assume: arn:aws:iam::111122223333:role/deploy\n";
    let read = |subject: &str| {
        let folder = checkout(&[("main.tf", &role(subject)), (".github/workflows/deploy.yml", workflow)]);
        document(folder.path(), &["--rehearse", "--repository", "acme/shop"])
    };
    let (code, report) = read("repo:acme/shop:*");
    let all = report["rehearsal"].as_array().unwrap();
    assert!(code == Some(0) && all.len() == 2, "{report:#}");
    assert!(all.iter().all(|one| one["verdict"] == "agree" && one["answered"] == "admitted"), "{report:#}");
    let (code, report) = read("repo:acme/shop:ref:refs/heads/main");
    let all = report["rehearsal"].as_array().unwrap();
    assert!(code == Some(3) && all.iter().all(|one| one["verdict"] == "agree"), "{report:#}");
    let answers: Vec<&Value> = all.iter().map(|one| &one["answered"]).collect();
    assert!(answers.contains(&&json!("admitted")) && answers.contains(&&json!("refused")), "{report:#}");
}
