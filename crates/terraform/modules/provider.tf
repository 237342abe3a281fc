# terraform-aws-modules/iam/aws: modules/iam-github-oidc-provider 5.60.0 and modules/iam-oidc-provider 6.5.0, which
# register the same. Their thumbprints are those of the chain that is presented when they are applied.
variable "create" { default = true }
variable "url" { default = "https://token.actions.githubusercontent.com" }
variable "client_id_list" { default = [] }

data "aws_partition" "here" {}
data "tls_certificate" "this" { url = var.url }

resource "aws_iam_openid_connect_provider" "this" {
  count           = var.create ? 1 : 0
  url             = var.url
  client_id_list  = coalescelist(var.client_id_list, ["sts.${data.aws_partition.here.dns_suffix}"])
  thumbprint_list = data.tls_certificate.this.certificates[*].sha1_fingerprint
}

output "arn" { value = try(aws_iam_openid_connect_provider.this[0].arn, null) }
output "url" { value = try(aws_iam_openid_connect_provider.this[0].url, null) }
