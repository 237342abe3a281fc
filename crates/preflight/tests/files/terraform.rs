//! Terraform with its other half: symbols that are the same on both sides, and one that is not.

use super::{causes, report};

const MODULE: &str = r#"
variable "namespace" { default = "shop" }
variable "cluster_name" {}
variable "team" {}
resource "aws_eks_cluster" "this" {
  name     = var.cluster_name
  role_arn = "arn:aws:iam::111122223333:role/eks"
}
resource "aws_iam_openid_connect_provider" "this" {
  url             = aws_eks_cluster.this.identity[0].oidc[0].issuer
  client_id_list  = ["sts.amazonaws.com"]
  thumbprint_list = ["9e99a48a9960b14926bb7f3b02e22da2b0ab7280"]
}
data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]
    principals {
      type        = "Federated"
      identifiers = [aws_iam_openid_connect_provider.this.arn]
    }
    condition {
      test     = "StringEquals"
      variable = "${replace(aws_iam_openid_connect_provider.this.url, "https://", "")}:sub"
      values   = ["system:serviceaccount:${var.namespace}:reader"]
    }
  }
}
resource "aws_iam_role" "reader" {
  name               = "reader"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}
resource "kubernetes_service_account" "reader" {
  metadata {
    name        = "reader"
    namespace   = var.namespace
    annotations = { "eks.amazonaws.com/role-arn" = aws_iam_role.reader.arn }
  }
}
resource "aws_iam_role" "team" {
  name = "team-${var.team}"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = { Federated = aws_iam_openid_connect_provider.this.arn }
      Condition = { StringEquals = {
        "${aws_iam_openid_connect_provider.this.url}:sub" = "system:serviceaccount:team-${var.team}:app"
      } }
    }]
  })
}
resource "kubernetes_service_account" "team" {
  metadata {
    name        = "app"
    namespace   = "team-${var.team}"
    annotations = { "eks.amazonaws.com/role-arn" = aws_iam_role.team.arn }
  }
}
"#;

#[test]
fn the_same_unknown_thing_is_the_same() {
    let found = report(&[("main.tf", MODULE)]);
    assert!(causes(&found).is_empty() && found.undetermined.is_empty(), "{found:#?}");
    assert_eq!(found.identities.len(), 2);
}

#[test]
fn what_is_known_of_two_sides_tells_them_apart() {
    for (cause, from, to) in [
        ("sub-wrong-service-account", "team-${var.team}:app", "team-${var.team}:apps"),
        ("sub-wrong-namespace", "serviceaccount:team-${var.team}:app", "serviceaccount:crew-${var.team}:app"),
        ("sub-wrong-service-account", "${var.namespace}:reader", "${var.namespace}:writer"),
    ] {
        let found = report(&[("main.tf", &MODULE.replace(from, to))]);
        assert_eq!(causes(&found), [cause], "{to}: {:?}", found.undetermined);
    }
    // Two unknown things may be the same.
    let open = report(&[(
        "main.tf",
        &MODULE.replace("serviceaccount:team-${var.team}:app", "serviceaccount:${var.other}:app"),
    )]);
    assert!(causes(&open).is_empty() && open.undetermined.len() == 1, "{open:#?}");
    assert!(open.undetermined[0].text.contains("var.other"), "{open:#?}");
}

#[test]
fn a_provider_that_nobody_gives_a_module_is_not_known() {
    let module = |default: &str| {
        format!(
            "variable \"provider_arn\" {{ {default} }}\nvariable \"cluster\" {{}}\nmodule \"irsa\" {{\n  source = \
             \"terraform-aws-modules/iam/aws//modules/iam-role-for-service-accounts-eks\"\n  role_name = \"cni\"\n  \
             oidc_providers = {{ ex = {{ provider_arn = var.provider_arn, namespace_service_accounts = \
             [\"kube-system:aws-node\"] }} }}\n}}\nresource \"aws_eks_addon\" \"cni\" {{\n  cluster_name = \
             var.cluster\n  addon_name = \"vpc-cni\"\n  service_account_role_arn = module.irsa.iam_role_arn\n}}\n"
        )
    };
    for default in ["", "default = \"\""] {
        let found = report(&[("modules/cni/main.tf", &module(default))]);
        assert!(causes(&found).is_empty(), "{default}: {found:#?}");
        assert_ne!(found.identities[0].standing, trustwalk_preflight::Standing::Broken, "{default}");
    }
    let given = "default = \"arn:aws:iam::111122223333:role/oidc.eks.eu-west-1.amazonaws.com/id/AB\"";
    assert!(!causes(&report(&[("modules/cni/main.tf", &module(given))])).is_empty());
}
