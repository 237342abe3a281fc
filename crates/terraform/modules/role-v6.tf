# terraform-aws-modules/iam/aws 6.5.0, modules/iam-role: what its role trusts and is called.
variable "create" { default = true }
variable "name" { default = null }
variable "use_name_prefix" { default = true }
variable "path" { default = null }
variable "permissions_boundary" { default = null }
variable "max_session_duration" { default = null }
variable "policies" { default = {} }
variable "trust_policy_permissions" { default = {} }
variable "trust_policy_conditions" { default = [] }
variable "enable_oidc" { default = false }
variable "enable_github_oidc" { default = false }
variable "enable_bitbucket_oidc" { default = false }
variable "enable_saml" { default = false }
variable "oidc_account_id" { default = null }
variable "oidc_provider_urls" { default = [] }
variable "oidc_subjects" { default = [] }
variable "oidc_wildcard_subjects" { default = [] }
variable "oidc_audiences" { default = [] }
variable "github_provider" { default = "token.actions.githubusercontent.com" }
variable "saml_provider_ids" { default = [] }
variable "saml_endpoints" { default = ["https://signin.aws.amazon.com/saml"] }
variable "saml_trust_actions" { default = [] }

data "aws_caller_identity" "here" {}
data "aws_partition" "here" {}

locals {
  account  = data.aws_caller_identity.here.account_id
  of_iam   = "arn:${data.aws_partition.here.partition}:iam::"
  issuers  = [for url in var.oidc_provider_urls : replace(url, "https://", "")]
  subjects = [for subject in var.oidc_subjects : "repo:${trimprefix(subject, "repo:")}"]
  patterns = [for subject in var.oidc_wildcard_subjects : "repo:${trimprefix(subject, "repo:")}"]

  generic = var.enable_oidc ? [
    for issuer in local.issuers : {
      sid     = null
      issuer  = issuer
      account = coalesce(var.oidc_account_id, local.account)
      conditions = concat(
        length(var.oidc_subjects) > 0 ? [["StringEquals", "sub", var.oidc_subjects]] : [],
        length(var.oidc_wildcard_subjects) > 0 ? [["StringLike", "sub", var.oidc_wildcard_subjects]] : [],
        length(var.oidc_audiences) > 0 ? [["StringEquals", "aud", var.oidc_audiences]] : [],
      )
    }
  ] : []

  github = var.enable_github_oidc ? [{
    sid     = "GithubOidcAuth"
    issuer  = var.github_provider
    account = local.account
    conditions = concat(
      [["ForAllValues:StringEquals", "iss", ["https://${var.github_provider}"]]],
      [["ForAllValues:StringEquals", "aud", coalescelist(var.oidc_audiences, ["sts.amazonaws.com"])]],
      length(local.subjects) > 0 ? [["StringEquals", "sub", local.subjects]] : [],
      length(local.patterns) > 0 ? [["StringLike", "sub", local.patterns]] : [],
    )
  }] : []

  bitbucket = var.enable_bitbucket_oidc ? [{
    sid     = "BitbucketOidcAuth"
    issuer  = local.issuers[0]
    account = local.account
    conditions = concat(
      [["ForAllValues:StringEquals", "aud", coalescelist(var.oidc_audiences, ["sts.amazonaws.com"])]],
      length(var.oidc_subjects) > 0 ? [["StringEquals", "sub", var.oidc_subjects]] : [],
      length(var.oidc_wildcard_subjects) > 0 ? [["StringLike", "sub", var.oidc_wildcard_subjects]] : [],
    )
  }] : []
}

data "aws_iam_policy_document" "trust" {
  dynamic "statement" {
    for_each = concat(local.generic, local.github, local.bitbucket)
    iterator = oidc
    content {
      sid     = oidc.value.sid
      actions = ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"]
      principals {
        type        = "Federated"
        identifiers = ["${local.of_iam}${oidc.value.account}:oidc-provider/${oidc.value.issuer}"]
      }
      dynamic "condition" {
        for_each = oidc.value.conditions
        content {
          test     = condition.value[0]
          variable = "${oidc.value.issuer}:${condition.value[1]}"
          values   = condition.value[2]
        }
      }
      dynamic "condition" {
        for_each = var.trust_policy_conditions
        content {
          test     = condition.value.test
          variable = condition.value.variable
          values   = condition.value.values
        }
      }
    }
  }
  dynamic "statement" {
    for_each = var.enable_saml ? [true] : []
    content {
      actions = compact(distinct(concat(["sts:TagSession", "sts:AssumeRoleWithSAML"], var.saml_trust_actions)))
      principals {
        type        = "Federated"
        identifiers = var.saml_provider_ids
      }
      condition {
        test     = "StringEquals"
        variable = "SAML:aud"
        values   = var.saml_endpoints
      }
    }
  }
  dynamic "statement" {
    for_each = coalesce(var.trust_policy_permissions, {})
    iterator = own
    content {
      sid         = try(coalesce(own.value.sid, own.key), own.key)
      effect      = try(own.value.effect, null)
      actions     = try(own.value.actions, null)
      not_actions = try(own.value.not_actions, null)
      dynamic "principals" {
        for_each = try(coalescelist(own.value.principals, []), [])
        content {
          type        = principals.value.type
          identifiers = principals.value.identifiers
        }
      }
      dynamic "condition" {
        for_each = try(coalescelist(own.value.condition, []), [])
        content {
          test     = condition.value.test
          variable = condition.value.variable
          values   = condition.value.values
        }
      }
    }
  }
}

resource "aws_iam_role" "this" {
  count                = var.create ? 1 : 0
  name                 = var.use_name_prefix ? null : var.name
  name_prefix          = var.use_name_prefix ? "${var.name}-" : null
  path                 = var.path
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  max_session_duration = var.max_session_duration
  permissions_boundary = var.permissions_boundary
}

resource "aws_iam_role_policy_attachment" "this" {
  for_each   = { for name, arn in var.policies : name => arn if var.create }
  role       = aws_iam_role.this[0].name
  policy_arn = each.value
}

output "arn" { value = try(aws_iam_role.this[0].arn, null) }
output "name" { value = try(aws_iam_role.this[0].name, null) }
