//! Trust policies, in each of the ways in which people write them, with the place of each value.

use super::{at, one, shown};

const HEREDOC: &str = r#"
variable "issuer" {}
resource "aws_iam_role" "app" {
  name               = "app"
  assume_role_policy = <<-EOF
    {
      "Version": "2012-10-17",
      "Statement": {
        "Effect": "Allow",
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Principal": {"Federated": "arn:aws:iam::111122223333:oidc-provider/${var.issuer}"},
        "Condition": {"StringEquals": {"${var.issuer}:sub": "system:serviceaccount:apps:web"}}
      }
    }
  EOF
}
"#;

#[test]
fn a_heredoc_is_read_with_the_place_of_each_value() {
    let declared = one(HEREDOC);
    assert_eq!(declared.unread, []);
    let trust = &declared.roles[0].trust;
    assert_eq!(
        shown(trust),
        concat!(
            r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRoleWithWebIdentity","#,
            r#""Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/${var.issuer}"},"#,
            r#""Condition":{"StringEquals":{"${var.issuer}:sub":"system:serviceaccount:apps:web"}}}}"#
        )
    );
    let action = trust.at_path(&["Statement", "Action"]).unwrap();
    assert_eq!(at(HEREDOC, &action.at), "\"sts:AssumeRoleWithWebIdentity\"");
    assert_eq!((action.at.line, action.at.column), (10, 19));
    let equals = trust.at_path(&["Statement", "Condition", "StringEquals"]).unwrap();
    let trustwalk_checkout::Value::Map(members) = &equals.value else { panic!("{equals:?}") };
    assert_eq!(at(HEREDOC, &members[0].0.at), "\"${var.issuer}:sub\"");
    assert_eq!(at(HEREDOC, &members[0].1.at), "\"system:serviceaccount:apps:web\"");
}

#[test]
fn jsonencode_keeps_the_places_of_its_parts() {
    let text = r#"
locals { sub = "system:serviceaccount:apps:web" }
resource "aws_iam_role" "app" {
  name = "app"
  assume_role_policy = jsonencode({
    Statement = [{
      Effect    = "Allow"
      Principal = { Federated = aws_iam_openid_connect_provider.p.arn }
      Condition = { StringEquals = { "${aws_iam_openid_connect_provider.p.url}:sub" = local.sub } }
    }]
  })
}
resource "aws_iam_openid_connect_provider" "p" {
  url            = "https://oidc.example/id"
  client_id_list = ["sts.amazonaws.com"]
}
"#;
    let declared = one(text);
    let trust = &declared.roles[0].trust;
    assert_eq!(
        shown(trust),
        concat!(
            r#"{"Statement":[{"Effect":"Allow","#,
            r#""Principal":{"Federated":"arn:${partition}:iam::${account}:oidc-provider/oidc.example/id"},"#,
            r#""Condition":{"StringEquals":{"oidc.example/id:sub":"system:serviceaccount:apps:web"}}}]}"#
        )
    );
    let statement = &trust.at_path(&["Statement"]).unwrap().value.items()[0];
    let equals = statement.at_path(&["Condition", "StringEquals"]).unwrap();
    let sub = equals.value.get("oidc.example/id:sub").unwrap();
    // What is wrong there is wrong where it is written.
    assert_eq!(at(text, &sub.at), "\"system:serviceaccount:apps:web\"");
    assert_eq!(sub.at.line, 2);
    assert_eq!(declared.providers[0].arn.to_string(), "arn:${partition}:iam::${account}:oidc-provider/oidc.example/id");
}

#[test]
fn a_policy_document_is_made_as_the_provider_makes_it() {
    let declared = one(r#"
data "aws_iam_policy_document" "base" {
  statement {
    sid       = "Base"
    actions   = ["sts:TagSession", "sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}
data "aws_iam_policy_document" "trust" {
  source_policy_documents = [data.aws_iam_policy_document.base.json]
  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]
    principals {
      type        = "Federated"
      identifiers = ["arn:aws:iam::111122223333:oidc-provider/oidc.example/id"]
    }
    dynamic "condition" {
      for_each = { sub = ["system:serviceaccount:a:b", "system:serviceaccount:a:c"], aud = ["sts.amazonaws.com"] }
      content {
        test     = "StringEquals"
        variable = "oidc.example/id:${condition.key}"
        values   = condition.value
      }
    }
    condition {
      test     = "StringEquals"
      variable = "oidc.example/id:aud"
      values   = ["other", "&{aws:x}"]
    }
  }
}
resource "aws_iam_role" "app" {
  name               = "app"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}
"#);
    assert_eq!(declared.unread, []);
    assert_eq!(
        shown(&declared.roles[0].trust),
        concat!(
            r#"{"Version":"2012-10-17","Statement":[{"Sid":"Base","Effect":"Allow","#,
            r#""Principal":{"Service":"ec2.amazonaws.com"},"Action":["sts:TagSession","sts:AssumeRole"]},"#,
            r#"{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/oidc.example/id"},"#,
            r#""Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"#,
            r#""oidc.example/id:aud":["sts.amazonaws.com","other","${aws:x}"],"#,
            r#""oidc.example/id:sub":["system:serviceaccount:a:b","system:serviceaccount:a:c"]}}}]}"#
        )
    );
}

#[test]
fn what_of_a_policy_is_not_known_is_a_symbol_in_its_place() {
    let declared = one(r#"
variable "more" {}
variable "whole" {}
data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
  }
  dynamic "statement" {
    for_each = var.more
    content { actions = [statement.value] }
  }
}
resource "aws_iam_role" "a" {
  name               = "a"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}
resource "aws_iam_role" "b" {
  name               = "b"
  assume_role_policy = var.whole
}
resource "aws_iam_role" "c" {
  name               = "c"
  assume_role_policy = "{\"Statement\": [}"
}
"#);
    let trust = |name: usize| shown(&declared.roles[name].trust);
    assert!(
        trust(0).starts_with(r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole"},${"#)
    );
    assert_eq!(trust(1), "${var.whole}");
    assert!(trust(2).starts_with("${"), "{}", trust(2));
    assert_eq!(declared.unread.len(), 1, "{:?}", declared.unread);
    assert_eq!((declared.unread[0].at.line, declared.unread[0].why.starts_with("the policy is not JSON")), (23, true));
}

#[test]
fn whatever_takes_the_scheme_off_an_issuer_comes_to_the_same() {
    let declared = one(r#"
variable "name" {}
resource "aws_eks_cluster" "this" { name = var.name }
data "aws_eks_cluster" "again" { name = aws_eks_cluster.this.name }
locals {
  issuer = aws_eks_cluster.this.identity[0].oidc[0].issuer
  ways = [
    replace(local.issuer, "https://", ""),
    trimprefix(local.issuer, "https://"),
    split("https://", local.issuer)[1],
    replace(data.aws_eks_cluster.again.identity.0.oidc.0.issuer, "https://", ""),
    aws_iam_openid_connect_provider.p.url,
  ]
}
resource "aws_iam_openid_connect_provider" "p" {
  url            = local.issuer
  client_id_list = ["sts.amazonaws.com"]
}
resource "aws_iam_role" "r" {
  for_each           = { for i, way in local.ways : i => way }
  name               = "r${each.key}"
  assume_role_policy = jsonencode({ sub = "${each.value}:sub" })
}
"#);
    let trusts: Vec<String> = declared.roles.iter().map(|role| shown(&role.trust)).collect();
    assert_eq!(trusts.len(), 5);
    let wanted = r#"{"sub":"${replace(aws_eks_cluster.this.identity[0].oidc[0].issuer, "https://", "")}:sub"}"#;
    assert!(trusts.iter().all(|trust| trust == wanted), "{trusts:#?}");
    assert_eq!(declared.clusters[0].issuer, declared.providers[0].url.value);
}

#[test]
fn a_heredoc_has_its_places_whatever_ends_its_lines() {
    let text = r#"resource "aws_iam_role" "r" {
  name               = "r"
  assume_role_policy = <<-EOT
    {
      "Statement": [{
        "Condition": {"StringEquals": {"é:sub": "system:serviceaccount:shop:reader"}}
      }]
    }
  EOT
}
"#;
    for text in [text.to_owned(), text.replace('\n', "\r\n")] {
        let declared = super::one(&text);
        let statement = &declared.roles[0].trust.value.get("Statement").unwrap().value.items()[0];
        let subject = statement.at_path(&["Condition", "StringEquals", "é:sub"]).unwrap();
        assert_eq!((subject.at.line, subject.at.column), (6, 49), "{:?}", subject.at);
        assert_eq!(super::at(&text, &subject.at), "\"system:serviceaccount:shop:reader\"");
    }
}
