# terraform-aws-modules/iam/aws 5.60.0, modules/iam-role-for-service-accounts-eks: what its role trusts and is called.
variable "create_role" { default = true }
variable "role_name" { default = null }
variable "role_name_prefix" { default = null }
variable "role_path" { default = "/" }
variable "role_permissions_boundary_arn" { default = null }
variable "max_session_duration" { default = null }
variable "oidc_providers" { default = {} }
variable "assume_role_condition_test" { default = "StringEquals" }
variable "allow_self_assume_role" { default = false }
variable "role_policy_arns" { default = {} }

data "aws_caller_identity" "here" {}
data "aws_partition" "here" {}

locals {
  called = var.role_name != null ? var.role_name : "${var.role_name_prefix}*"
  arn    = "arn:${data.aws_partition.here.partition}:iam::${data.aws_caller_identity.here.account_id}"
}

data "aws_iam_policy_document" "trust" {
  dynamic "statement" {
    for_each = var.allow_self_assume_role ? [true] : []
    content {
      sid     = "ExplicitSelfRoleAssumption"
      actions = ["sts:AssumeRole"]
      principals {
        type        = "AWS"
        identifiers = ["*"]
      }
      condition {
        test     = "ArnLike"
        variable = "aws:PrincipalArn"
        values   = ["${local.arn}:role${var.role_path}${local.called}"]
      }
    }
  }
  dynamic "statement" {
    for_each = var.oidc_providers
    iterator = oidc
    content {
      actions = ["sts:AssumeRoleWithWebIdentity"]
      principals {
        type        = "Federated"
        identifiers = [oidc.value.provider_arn]
      }
      condition {
        test     = var.assume_role_condition_test
        variable = "${replace(oidc.value.provider_arn, "/^(.*provider/)/", "")}:sub"
        values   = [for account in oidc.value.namespace_service_accounts : "system:serviceaccount:${account}"]
      }
      condition {
        test     = var.assume_role_condition_test
        variable = "${replace(oidc.value.provider_arn, "/^(.*provider/)/", "")}:aud"
        values   = ["sts.amazonaws.com"]
      }
    }
  }
}

resource "aws_iam_role" "this" {
  count                = var.create_role ? 1 : 0
  name                 = var.role_name
  name_prefix          = var.role_name_prefix
  path                 = var.role_path
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  max_session_duration = var.max_session_duration
  permissions_boundary = var.role_permissions_boundary_arn
}

resource "aws_iam_role_policy_attachment" "this" {
  for_each   = { for name, arn in var.role_policy_arns : name => arn if var.create_role }
  role       = aws_iam_role.this[0].name
  policy_arn = each.value
}

output "iam_role_arn" { value = try(aws_iam_role.this[0].arn, "") }
output "iam_role_name" { value = try(aws_iam_role.this[0].name, "") }
output "iam_role_path" { value = try(aws_iam_role.this[0].path, "") }
