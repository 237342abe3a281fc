# terraform-aws-modules/eks-pod-identity/aws 2.8.1: its role and the associations that it makes.
variable "create" { default = true }
variable "name" { default = "" }
variable "use_name_prefix" { default = true }
variable "path" { default = "/" }
variable "permissions_boundary_arn" { default = null }
variable "max_session_duration" { default = null }
variable "additional_policy_arns" { default = {} }
variable "trust_policy_conditions" { default = [] }
variable "trust_policy_statements" { default = null }
variable "association_defaults" { default = {} }
variable "associations" { default = {} }

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole", "sts:TagSession"]
    principals {
      type        = "Service"
      identifiers = ["pods.eks.amazonaws.com"]
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
  dynamic "statement" {
    for_each = var.trust_policy_statements != null ? var.trust_policy_statements : []
    iterator = own
    content {
      sid         = try(own.value.sid, null)
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
  permissions_boundary = var.permissions_boundary_arn
}

resource "aws_iam_role_policy_attachment" "this" {
  for_each   = { for name, arn in var.additional_policy_arns : name => arn if var.create }
  role       = aws_iam_role.this[0].name
  policy_arn = each.value
}

resource "aws_eks_pod_identity_association" "this" {
  for_each        = { for name, found in var.associations : name => found if var.create }
  cluster_name    = try(each.value.cluster_name, var.association_defaults.cluster_name)
  namespace       = try(each.value.namespace, var.association_defaults.namespace)
  service_account = try(each.value.service_account, var.association_defaults.service_account)
  role_arn        = aws_iam_role.this[0].arn
}

output "iam_role_arn" { value = try(aws_iam_role.this[0].arn, null) }
output "iam_role_name" { value = try(aws_iam_role.this[0].name, null) }
