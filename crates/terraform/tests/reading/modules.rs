//! Modules of the checkout, providers that are passed on, files of variables.

use super::{known, many};

const ROLE: &str = r#"
variable "name" {}
variable "namespace" { default = "default" }
resource "aws_iam_role" "this" {
  name               = var.name
  assume_role_policy = jsonencode({ sub = "system:serviceaccount:${var.namespace}:${var.name}" })
}
output "arn" { value = aws_iam_role.this.arn }
"#;

#[test]
fn a_module_called_twice_is_two_scopes() {
    let main = r#"
variable "ns" {}
module "a" {
  source    = "./modules/role"
  name      = "a"
  namespace = var.ns
}
module "b" {
  source   = "./modules/role"
  for_each = toset(["x", "y"])
  name     = each.key
}
resource "aws_eks_addon" "cni" {
  cluster_name             = "prod"
  addon_name               = "vpc-cni"
  service_account_role_arn = module.b["y"].arn
}
"#;
    let declared = many(&[("main.tf", main), ("modules/role/main.tf", ROLE)]);
    assert_eq!(declared.unread, []);
    let roles: Vec<(&str, String)> =
        declared.roles.iter().map(|role| (role.from.address.as_str(), super::shown(&role.trust))).collect();
    assert_eq!(
        roles,
        [
            ("module.a.aws_iam_role.this", r#"{"sub":"system:serviceaccount:${var.ns}:a"}"#.to_owned()),
            (r#"module.b["x"].aws_iam_role.this"#, r#"{"sub":"system:serviceaccount:default:x"}"#.to_owned()),
            (r#"module.b["y"].aws_iam_role.this"#, r#"{"sub":"system:serviceaccount:default:y"}"#.to_owned()),
        ]
    );
    assert_eq!(declared.addons[0].role.as_ref().unwrap().value, declared.roles[2].arn);
    assert_eq!(&*declared.roles[0].trust.at.path, "modules/role/main.tf");
    assert_eq!(&*declared.roles[0].name.at.path, "main.tf");
}

#[test]
fn providers_are_passed_on() {
    let main = r#"
provider "aws" {
  region              = "eu-west-1"
  allowed_account_ids = ["111122223333"]
}
provider "aws" {
  alias = "other"
  assume_role { role_arn = "arn:aws-cn:iam::444455556666:role/x" }
}
module "a" {
  source = "./role"
  name   = "a"
}
module "b" {
  source    = "./role"
  name      = "b"
  providers = { aws = aws.other }
}
data "aws_caller_identity" "here" {}
data "aws_caller_identity" "there" { provider = aws.other }
resource "aws_iam_role" "c" {
  name               = "c-${data.aws_caller_identity.here.account_id}-${data.aws_caller_identity.there.account_id}"
  assume_role_policy = "{}"
}
"#;
    let declared = many(&[("main.tf", main), ("role/main.tf", ROLE)]);
    let mut arns: Vec<&str> = declared.roles.iter().map(|role| known(&role.arn)).collect();
    arns.sort_unstable();
    assert_eq!(
        arns,
        [
            "arn:aws-cn:iam::444455556666:role/b",
            "arn:aws:iam::111122223333:role/a",
            "arn:aws:iam::111122223333:role/c-111122223333-444455556666",
        ]
    );
}

#[test]
fn root_modules_are_apart_and_files_of_variables_count() {
    let main = r#"
variable "name" { default = "by-default" }
variable "ns" {}
resource "aws_iam_role" "r" {
  name               = var.name
  assume_role_policy = jsonencode({ ns = var.ns })
}
"#;
    let declared = many(&[
        ("envs/dev/main.tf", main),
        ("envs/dev/terraform.tfvars", "name = \"dev\"\nns = \"dev-ns\"\n"),
        ("envs/prod/main.tf", main),
        ("envs/prod/z.auto.tfvars", "name = \"prod\"\n"),
        ("envs/stage/main.tf", main),
        ("envs/stage/vars/blue.tfvars", "name = \"blue\"\n"),
    ]);
    assert_eq!(declared.unread, []);
    let roles: Vec<String> =
        declared.roles.iter().map(|role| format!("{} {}", role.name.value, super::shown(&role.trust))).collect();
    assert_eq!(
        roles,
        [
            r#"dev {"ns":"dev-ns"}"#,
            r#"prod {"ns":${envs/prod: var.ns}}"#,
            // Which file it will be only the command line tells.
            r#"${envs/stage: var.name} {"ns":${envs/stage: var.ns}}"#,
        ]
    );
    assert_ne!(declared.roles[0].arn, declared.roles[1].arn);
}

#[test]
fn a_module_that_is_not_there_is_told_where_an_identity_hangs_on_it() {
    let main = r#"
module "vpc" { source = "terraform-aws-modules/vpc/aws" }
module "roles" { source = "git::https://git.example/roles.git" }
resource "aws_eks_addon" "cni" {
  cluster_name             = "prod"
  addon_name               = "vpc-cni"
  service_account_role_arn = module.roles.arn
}
"#;
    let declared = many(&[("main.tf", main)]);
    assert_eq!(declared.addons[0].role.as_ref().unwrap().value.to_string(), "${module.roles.arn}");
    let lines: Vec<u32> = declared.unread.iter().map(|unread| unread.at.line).collect();
    assert_eq!(lines, [3]);
}

#[test]
fn modules_that_call_each_other_end() {
    let call = |to: &str| format!("module \"m\" {{ source = \"../{to}\" }}\n");
    let declared = many(&[
        ("main.tf", "module \"a\" { source = \"./a\" }\n"),
        ("a/main.tf", &call("b")),
        ("b/main.tf", &call("a")),
    ]);
    assert!(declared.unread.iter().any(|unread| unread.why.contains("module calls")), "{:?}", declared.unread);
}

const REGISTRY: &str = r#"
module "eks" {
  source          = "terraform-aws-modules/eks/aws"
  version         = "~> 20.0"
  cluster_name    = "prod"
  cluster_addons = {
    vpc-cni = { service_account_role_arn = module.cni.iam_role_arn }
    coredns = {}
  }
}
module "cni" {
  source                = "terraform-aws-modules/iam/aws//modules/iam-role-for-service-accounts-eks"
  role_name             = "cni"
  attach_vpc_cni_policy = true
  oidc_providers = {
    main = {
      provider_arn               = module.eks.oidc_provider_arn
      namespace_service_accounts = ["kube-system:aws-node"]
    }
  }
}
module "app" {
  source                         = "terraform-aws-modules/iam/aws//modules/iam-assumable-role-with-oidc"
  create_role                    = true
  role_name                      = "app"
  provider_url                   = module.eks.cluster_oidc_issuer_url
  oidc_fully_qualified_subjects  = ["system:serviceaccount:apps:web"]
}
module "ci" {
  source   = "terraform-aws-modules/iam/aws//modules/iam-github-oidc-role"
  name     = "ci"
  subjects = ["repo:o/r:*", "o/s:ref:refs/heads/main"]
}
module "six" {
  source             = "terraform-aws-modules/iam/aws//modules/iam-role"
  name               = "six"
  use_name_prefix    = false
  enable_github_oidc = true
  oidc_subjects      = ["o/r:environment:prod"]
}
module "github" { source = "terraform-aws-modules/iam/aws//modules/iam-oidc-provider" }
module "pods" {
  source          = "terraform-aws-modules/eks-pod-identity/aws"
  name            = "pods"
  use_name_prefix = false
  associations    = { a = { cluster_name = module.eks.cluster_name, namespace = "apps", service_account = "web" } }
}
"#;

#[test]
fn well_known_modules_of_the_registry_are_understood() {
    let main = REGISTRY;
    let declared = many(&[("main.tf", main)]);
    assert_eq!(declared.unread, []);
    let issuer = r#"${replace(module.eks.aws_eks_cluster.this[0].identity[0].oidc[0].issuer, "https://", "")}"#;
    assert_eq!(declared.clusters[0].issuer.to_string(), format!("https://{issuer}"));
    let role = |name: &str| declared.roles.iter().find(|role| role.name.value.known() == Some(name)).unwrap();
    let trust = |name: &str| super::shown(&role(name).trust);
    let of_iam = "arn:${partition}:iam::${account}:oidc-provider/";
    assert_eq!(
        trust("cni"),
        [
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":""#,
            &format!("{of_iam}{issuer}"),
            r#""},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{""#,
            issuer,
            r#":sub":"system:serviceaccount:kube-system:aws-node",""#,
            issuer,
            r#":aud":"sts.amazonaws.com"}}}]}"#,
        ]
        .concat()
    );
    assert!(trust("app").contains(&format!(r#""{issuer}:sub":"system:serviceaccount:apps:web""#)), "{}", trust("app"));
    assert!(trust("ci").contains(r#"["repo:o/r:*","repo:o/s:ref:refs/heads/main"]"#), "{}", trust("ci"));
    assert!(trust("ci").contains(r#""ForAllValues:StringEquals":{"token.actions.githubusercontent.com:iss""#));
    assert!(trust("six").contains(r#""StringEquals":{"token.actions.githubusercontent.com:sub":"repo:o/r:env"#));
    assert!(trust("pods").contains(r#""Service":"pods.eks.amazonaws.com""#));
    let cni = declared.addons.iter().find(|addon| addon.name.value.known() == Some("vpc-cni")).unwrap();
    assert_eq!(cni.role.as_ref().map(|role| &role.value), Some(&role("cni").arn));
    assert_eq!((declared.providers.len(), declared.addons.len()), (2, 2));
    assert_eq!(
        (known(&declared.associations[0].cluster), &declared.associations[0].role.value),
        ("prod", &role("pods").arn)
    );
    // What a module makes stands where it is called; what it is given, where that is written.
    assert!(super::at(main, &role("cni").from.at).starts_with("module \"cni\" {"));
    let statement = &role("ci").trust.at_path(&["Statement"]).unwrap().value.items()[0];
    let like = statement.at_path(&["Condition", "StringLike"]).unwrap();
    let subjects = like.value.get("token.actions.githubusercontent.com:sub").unwrap().value.items();
    assert_eq!(super::at(main, &subjects[1].at), "o/s:ref:refs/heads/main");
}

const TRUST: &str = r#"jsonencode({ Statement = [{
    Effect    = "Allow"
    Action    = "sts:AssumeRoleWithWebIdentity"
    Principal = { Federated = "arn:aws:iam::111122223333:oidc-provider/issuer.example" }
  }] })"#;

/// Modules that are called by one file and are in no checkout: where they are told, and what is told.
fn missing(text: &str) -> Vec<(u32, String)> {
    let declared = many(&[("main.tf", text)]);
    declared.unread.into_iter().map(|unread| (unread.at.line, unread.why)).collect()
}

#[test]
fn a_module_that_no_identity_hangs_on_is_not_missed() {
    let bucket = r#"
module "bucket" { source = "terraform-aws-modules/s3-bucket/aws" }
module "label" { source = "cloudposse/label/null" }
"#;
    let service = r#"jsonencode({ Statement = { Effect = "Allow", Action = "sts:AssumeRole",
      Principal = { Service = "ec2.amazonaws.com" } } })"#;
    let beside = format!(
        r#"{bucket}
resource "aws_iam_role" "web" {{
  name               = "web"
  assume_role_policy = {TRUST}
}}
resource "aws_iam_policy" "read" {{
  name   = module.label.id
  policy = jsonencode({{ Statement = [{{ Effect = "Allow", Action = "s3:*", Resource = module.bucket.arn }}] }})
}}
resource "aws_iam_role_policy" "own" {{
  name   = module.label.id
  role   = aws_iam_role.web.name
  policy = jsonencode({{ Statement = [{{ Effect = "Allow", Action = "s3:*", Resource = module.bucket.arn }}] }})
}}
resource "aws_iam_role" "node" {{
  name               = module.label.id
  assume_role_policy = {service}
}}
resource "aws_iam_role_policy_attachment" "node" {{
  role       = aws_iam_role.node.name
  policy_arn = aws_iam_policy.read.arn
}}
"#
    );
    assert_eq!(missing(&beside), []);
    // The same module names who takes the tokens of an issuer, or the agent's, or makes the role itself.
    let pods = service.replace("ec2.", "pods.eks.");
    for trust in [TRUST, pods.as_str(), "module.label.json"] {
        let role = format!(
            "{bucket}resource \"aws_iam_role\" \"r\" {{\n  name = module.label.id\n  assume_role_policy = {trust}\n}}\n"
        );
        let told = missing(&role);
        assert!(
            told.len() == 1 && told[0].0 == 3 && told[0].1.contains("`cloudposse/label/null`"),
            "{trust}: {told:?}"
        );
    }
    let made = format!(
        "{bucket}resource \"aws_iam_role_policy_attachment\" \"a\" {{\n  role = module.label.role_name\n  policy_arn = \
         \"arn:aws:iam::aws:policy/ReadOnlyAccess\"\n}}\n"
    );
    assert_eq!(missing(&made).len(), 1);
}

#[test]
fn a_module_is_missed_once_by_its_source() {
    let call = |name: &str, source: &str| {
        format!(
            "module \"{name}\" {{ source = \"{source}\" }}\nresource \"kubernetes_service_account\" \"{name}\" {{\n  \
             metadata {{\n    name = \"{name}\"\n    annotations = {{ \"eks.amazonaws.com/role-arn\" = \
             module.{name}.arn }}\n  }}\n}}\n"
        )
    };
    let all = [call("a", "acme/role/aws"), call("b", "acme/role/aws"), call("c", "./submodules/role")].concat();
    let told = missing(&all);
    assert_eq!(told.len(), 2, "{told:?}");
    let of = |source: &str| told.iter().find(|(_, why)| why.contains(source)).unwrap();
    assert!(of("`acme/role/aws`").0 == 1 && of("`acme/role/aws`").1.contains("called 2 times"), "{told:?}");
    assert!(of("`./submodules/role`").1.contains("submodule of git"), "{told:?}");
}
