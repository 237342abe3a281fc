# terraform-aws-modules/eks/aws 20.37.2 and 21.19.0: the cluster, its provider and its add-ons. Nodes are left out.
variable "create" { default = true }
variable "name" { default = null }
variable "cluster_name" { default = null }
variable "enable_irsa" { default = true }
variable "openid_connect_audiences" { default = [] }
variable "include_oidc_root_ca_thumbprint" { default = true }
variable "custom_oidc_thumbprints" { default = [] }
variable "addons" { default = null }
variable "cluster_addons" { default = null }
variable "outpost_config" { default = null }

locals {
  called = var.name != null ? var.name : var.cluster_name
  listed = var.addons != null ? var.addons : var.cluster_addons
  wanted = local.listed != null ? local.listed : {}
  here   = var.create && var.outpost_config == null
}

resource "aws_eks_cluster" "this" {
  count = var.create ? 1 : 0
  name  = local.called
}

data "tls_certificate" "this" { url = aws_eks_cluster.this[0].identity[0].oidc[0].issuer }

resource "aws_iam_openid_connect_provider" "oidc_provider" {
  count          = local.here && var.enable_irsa ? 1 : 0
  url            = aws_eks_cluster.this[0].identity[0].oidc[0].issuer
  client_id_list = distinct(compact(concat(["sts.amazonaws.com"], var.openid_connect_audiences)))
  thumbprint_list = concat(
    var.include_oidc_root_ca_thumbprint ? [data.tls_certificate.this.certificates[0].sha1_fingerprint] : [],
    var.custom_oidc_thumbprints,
  )
}

resource "aws_eks_addon" "this" {
  for_each                 = { for name, addon in local.wanted : name => addon if local.here }
  cluster_name             = aws_eks_cluster.this[0].name
  addon_name               = try(coalesce(each.value.name, each.key), each.key)
  service_account_role_arn = try(each.value.service_account_role_arn, null)
  dynamic "pod_identity_association" {
    for_each = try(coalescelist(each.value.pod_identity_association, []), [])
    content {
      role_arn        = pod_identity_association.value.role_arn
      service_account = pod_identity_association.value.service_account
    }
  }
}

output "cluster_name" { value = try(aws_eks_cluster.this[0].name, "") }
output "cluster_arn" { value = try(aws_eks_cluster.this[0].arn, null) }
output "cluster_endpoint" { value = try(aws_eks_cluster.this[0].endpoint, null) }
output "cluster_oidc_issuer_url" { value = try(aws_eks_cluster.this[0].identity[0].oidc[0].issuer, null) }
output "oidc_provider" {
  value = try(replace(aws_eks_cluster.this[0].identity[0].oidc[0].issuer, "https://", ""), null)
}
output "oidc_provider_arn" { value = try(aws_iam_openid_connect_provider.oidc_provider[0].arn, null) }
