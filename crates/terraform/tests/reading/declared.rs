//! Each kind of resource.

use super::{at, known, many, one};

#[test]
fn roles_have_arns_names_and_policies() {
    let declared = one(r#"
provider "aws" {
  region = "eu-west-1"
  assume_role { role_arn = "arn:aws:iam::111122223333:role/deploy" }
}
resource "aws_iam_role" "app" {
  name                 = "app"
  path                 = "/team/"
  assume_role_policy   = jsonencode({})
  permissions_boundary = "arn:aws:iam::111122223333:policy/limit"
  max_session_duration = 7200
  managed_policy_arns  = ["arn:aws:iam::aws:policy/ReadOnlyAccess"]
  inline_policy {
    name   = "inline"
    policy = jsonencode({ Statement = [] })
  }
}
resource "aws_iam_policy" "own" {
  name   = "own"
  policy = jsonencode({ Version = "2012-10-17" })
}
resource "aws_iam_role_policy_attachment" "own" {
  role       = aws_iam_role.app.name
  policy_arn = aws_iam_policy.own.arn
}
resource "aws_iam_role_policy" "apart" {
  role   = aws_iam_role.app.id
  name   = "apart"
  policy = "{}"
}
resource "aws_iam_role" "made" {
  name_prefix        = "made-"
  assume_role_policy = "{}"
}
"#);
    assert_eq!(declared.unread, []);
    let app = &declared.roles[0];
    assert_eq!(known(&app.arn), "arn:aws:iam::111122223333:role/team/app");
    assert_eq!(app.boundary.as_ref().map(|arn| known(&arn.value)), Some("arn:aws:iam::111122223333:policy/limit"));
    assert_eq!(app.max_session.as_ref().map(|seconds| known(&seconds.value)), Some("7200"));
    let policies: Vec<(String, bool)> =
        app.policies.iter().map(|policy| (policy.name.to_string(), policy.document.is_some())).collect();
    let wanted = [
        ("inline", true),
        ("arn:aws:iam::aws:policy/ReadOnlyAccess", false),
        ("apart", true),
        ("arn:aws:iam::111122223333:policy/own", true),
    ];
    assert_eq!(policies.len(), wanted.len(), "{policies:?}");
    for (name, document) in wanted {
        assert!(policies.contains(&(name.to_owned(), document)), "{name}: {policies:?}");
    }
    let made = &declared.roles[1];
    assert_eq!(made.name.value.to_string(), r#"made-${trimprefix(aws_iam_role.made.name, "made-")}"#);
    assert_eq!(made.arn.to_string(), format!("arn:aws:iam::111122223333:role/{}", made.name.value));
}

#[test]
fn instances_are_one_each_and_unknown_counts_are_perhaps() {
    let declared = one(r#"
variable "create" {}
variable "names" {}
resource "aws_iam_role" "each" {
  for_each           = toset(["b", "a"])
  name               = "role-${each.key}"
  assume_role_policy = "{}"
}
resource "aws_iam_role" "counted" {
  count              = 2
  name               = "n${count.index}"
  assume_role_policy = "{}"
}
resource "aws_iam_role" "perhaps" {
  count              = var.create ? 1 : 0
  name               = "p"
  assume_role_policy = "{}"
}
resource "aws_iam_role" "some" {
  for_each           = var.names
  name               = each.key
  assume_role_policy = "{}"
}
resource "aws_iam_role" "none" {
  count              = 0
  name               = "none"
  assume_role_policy = "{}"
}
resource "aws_eks_addon" "cni" {
  cluster_name             = "prod"
  addon_name               = "vpc-cni"
  service_account_role_arn = aws_iam_role.perhaps[0].arn
}
resource "aws_eks_addon" "some" {
  for_each                 = var.names
  cluster_name             = "prod"
  addon_name               = "adot"
  service_account_role_arn = aws_iam_role.some[each.key].arn
}
"#);
    let roles: Vec<(String, String, Option<String>)> = declared
        .roles
        .iter()
        .map(|role| (role.from.address.clone(), role.name.value.to_string(), role.perhaps.clone()))
        .collect();
    let row = |address: &str, name: &str, perhaps: Option<&str>| {
        (address.to_owned(), name.to_owned(), perhaps.map(str::to_owned))
    };
    assert_eq!(
        roles,
        [
            row("aws_iam_role.counted[0]", "n0", None),
            row("aws_iam_role.counted[1]", "n1", None),
            row(r#"aws_iam_role.each["a"]"#, "role-a", None),
            row(r#"aws_iam_role.each["b"]"#, "role-b", None),
            row("aws_iam_role.perhaps[0]", "p", Some("var.create ? 1 : 0")),
            row("aws_iam_role.some[each.key of var.names]", "${each.key of var.names}", Some("var.names")),
        ]
    );
    assert_eq!(declared.addons[0].role.as_ref().unwrap().value, declared.roles[4].arn);
    assert_eq!(declared.addons[1].role.as_ref().unwrap().value, declared.roles[5].arn);
    assert_eq!(declared.addons[0].account, Some(("kube-system".into(), "aws-node".into())));
}

#[test]
fn clusters_addons_and_associations() {
    let text = r#"
resource "aws_eks_cluster" "this" { name = "prod" }
resource "aws_iam_openid_connect_provider" "this" {
  url             = aws_eks_cluster.this.identity[0].oidc[0].issuer
  client_id_list  = ["sts.amazonaws.com"]
  thumbprint_list = [data.tls_certificate.this.certificates[0].sha1_fingerprint]
}
data "tls_certificate" "this" { url = aws_eks_cluster.this.identity[0].oidc[0].issuer }
resource "aws_eks_addon" "ebs" {
  cluster_name = aws_eks_cluster.this.name
  addon_name   = "aws-ebs-csi-driver"
  pod_identity_association {
    role_arn        = "arn:aws:iam::111122223333:role/ebs"
    service_account = "ebs-csi-controller-sa"
  }
}
resource "aws_eks_pod_identity_association" "app" {
  cluster_name    = aws_eks_cluster.this.name
  namespace       = "apps"
  service_account = "web"
  role_arn        = "arn:aws:iam::111122223333:role/web"
}
"#;
    let declared = one(text);
    assert_eq!(declared.unread, []);
    let provider = &declared.providers[0];
    assert_eq!(provider.url.value, declared.clusters[0].issuer);
    assert_eq!(
        provider.thumbprints.as_ref().unwrap()[0].value.to_string(),
        "${data.tls_certificate.this.certificates[0].sha1_fingerprint}"
    );
    let pairs: Vec<String> = declared
        .associations
        .iter()
        .map(|found| format!("{}/{}/{}", found.cluster, found.namespace.value, found.account.value))
        .collect();
    assert_eq!(pairs, ["prod/kube-system/ebs-csi-controller-sa", "prod/apps/web"]);
    assert_eq!(at(text, &declared.associations[1].account.at), "\"web\"");
    assert!(at(text, &declared.addons[0].from.at).starts_with("resource \"aws_eks_addon\" \"ebs\" {"));
}

const ACCOUNTS: &str = r#"
provider "kubernetes" {
  host = aws_eks_cluster.this.endpoint
}
provider "helm" {
  kubernetes {
    exec {
      api_version = "client.authentication.k8s.io/v1beta1"
      command     = "aws"
      args        = ["eks", "get-token", "--cluster-name", aws_eks_cluster.this.name]
    }
  }
}
resource "aws_eks_cluster" "this" { name = "prod" }
resource "aws_iam_role" "app" {
  name               = "app"
  assume_role_policy = "{}"
}
resource "kubernetes_service_account_v1" "a" {
  metadata {
    name        = "a"
    namespace   = "apps"
    annotations = { "eks.amazonaws.com/role-arn" = aws_iam_role.app.arn }
  }
}
resource "kubernetes_annotations" "b" {
  api_version = "v1"
  kind        = "ServiceAccount"
  metadata {
    name      = "b"
    namespace = "kube-system"
  }
  annotations = { "eks.amazonaws.com/role-arn" = aws_iam_role.app.arn }
}
resource "kubernetes_manifest" "c" {
  manifest = {
    apiVersion = "v1"
    kind       = "ServiceAccount"
    metadata   = { name = "c", namespace = "apps" }
  }
}
resource "kubernetes_manifest" "d" {
  manifest = {
    apiVersion = "apps/v1"
    kind       = "Deployment"
    metadata   = { name = "d", namespace = "apps" }
    spec       = { template = { spec = { serviceAccountName = "c" } } }
  }
}
resource "helm_release" "e" {
  name      = "e"
  chart     = "e"
  namespace = "charts"
  set {
    name  = "controller.serviceAccount.annotations.eks\\.amazonaws\\.com/role-arn"
    value = aws_iam_role.app.arn
  }
}
resource "helm_release" "f" {
  name      = "f"
  chart     = "f"
  namespace = "charts"
  values = [yamlencode({
    serviceAccount = { name = "f", annotations = { "eks.amazonaws.com/role-arn" = aws_iam_role.app.arn } }
  })]
}
"#;

#[test]
fn service_accounts_of_each_kind() {
    let declared = one(ACCOUNTS);
    assert_eq!(declared.unread, []);
    let accounts: Vec<String> = declared
        .accounts
        .iter()
        .map(|account| {
            let cluster = account.cluster.as_ref().map(ToString::to_string).unwrap_or_default();
            let namespace = account.namespace.as_ref().map(|said| said.value.to_string()).unwrap_or_default();
            format!("{cluster}/{namespace}/{} {}", account.name.value, account.annotations.len())
        })
        .collect();
    assert_eq!(
        accounts,
        [
            "prod/charts/${helm_release.e: service account's name} 1",
            "prod/charts/f 1",
            "prod/kube-system/b 1",
            "prod/apps/c 0",
            "prod/apps/a 1",
        ]
    );
    // An account whose name the chart makes stands where the release gives it its role, not where that role is.
    let line = ACCOUNTS.lines().position(|l| l.contains("controller.serviceAccount")).unwrap();
    assert_eq!(usize::try_from(declared.accounts[0].name.at.line).unwrap(), line + 1);
    let arn = &declared.roles[0].arn;
    assert!(declared.accounts.iter().flat_map(|account| &account.annotations).all(|(_, value)| value.value == *arn));
    assert_eq!(declared.workloads[0].account.value.known(), Some("c"));
}

#[test]
fn a_syntax_error_has_its_place_and_the_rest_is_read() {
    let text = "resource \"aws_iam_role\" \"a\" {\n  name = \"a\"\n  assume_role_policy = \"{}\"\n}\n\
                resource \"aws_iam_role\" \"b\" {\n  name = = \"b\"\n}\n\
                resource \"aws_iam_role\" \"c\" {\n  name = \"c\"\n  assume_role_policy = \"{}\"\n}\n";
    let declared = one(text);
    let names: Vec<_> = declared.roles.iter().map(|role| role.name.value.to_string()).collect();
    assert_eq!(names, ["a", "c"]);
    assert_eq!(declared.unread.len(), 1);
    assert_eq!((declared.unread[0].at.line, declared.unread[0].at.column), (6, 10));
    assert_eq!(at(text, &declared.roles[1].name.at), "\"c\"");
}

#[test]
fn files_of_functions_are_read_with_their_own_places() {
    let template = "{\n  \"Statement\": [{\"Principal\": {\"Federated\": \"${arn}\"}}]\n}\n";
    let main = "resource \"aws_iam_role\" \"r\" {\n  name = \"r\"\n  assume_role_policy = \
                templatefile(\"${path.module}/trust.json.tpl\", { arn = \"arn:x\" })\n}\n";
    let declared = many(&[("infra/main.tf", main), ("infra/trust.json.tpl", template)]);
    assert_eq!(declared.unread, []);
    let trust = &declared.roles[0].trust;
    let federated =
        trust.at_path(&["Statement"]).unwrap().value.items()[0].at_path(&["Principal", "Federated"]).unwrap();
    assert_eq!(super::shown(federated), "\"arn:x\"");
    assert_eq!((&*federated.at.path, federated.at.line), ("infra/trust.json.tpl", 2));
    assert_eq!(at(template, &federated.at), "\"${arn}\"");
}

#[test]
fn what_is_not_read_is_told() {
    let declared = many(&[("main.tf.json", "{}"), ("override.tf", ""), ("x.tf", "locals {}\n")]);
    assert_eq!(declared.unread.len(), 2);
    let long = format!("# {}\n", "x".repeat(9 << 20));
    assert_eq!(one(&long).unread.len(), 1);
}

#[test]
fn yaml_in_texts_is_read_with_places_and_symbols() {
    let text = r#"
variable "ns" {}
resource "kubectl_manifest" "a" {
  yaml_body = <<-EOF
    apiVersion: v1
    kind: ServiceAccount
    metadata:
      name: web
      namespace: ${var.ns}
      annotations:
        eks.amazonaws.com/role-arn: "arn:aws:iam::111122223333:role/web"
  EOF
}
resource "kubernetes_manifest" "b" {
  manifest = yamldecode(file("account.yaml"))
}
resource "helm_release" "c" {
  name      = "c"
  chart     = "c"
  namespace = "charts"
  values    = [file("values.yaml")]
}
"#;
    let account = "kind: ServiceAccount\nmetadata:\n  name: b\n  namespace: apps\n";
    let values = "a:\n  serviceAccount:\n    name: c\n    annotations:\n      eks.amazonaws.com/role-arn: x\n";
    let declared = many(&[("main.tf", text), ("account.yaml", account), ("values.yaml", values)]);
    assert_eq!(declared.unread, []);
    let names: Vec<String> = declared
        .accounts
        .iter()
        .map(|account| format!("{} {}", account.namespace.as_ref().unwrap().value, account.name.value))
        .collect();
    assert_eq!(names, ["charts c", "${var.ns} web", "apps b"]);
    assert_eq!(at(text, &declared.accounts[1].annotations[0].1.at), "\"arn:aws:iam::111122223333:role/web\"");
    assert_eq!((&*declared.accounts[0].name.at.path, declared.accounts[0].name.at.line), ("values.yaml", 3));
}

#[test]
fn an_output_that_is_empty_where_nothing_is_made_is_no_broken_policy() {
    let read = many(&[
        (
            "m/main.tf",
            "variable \"create\" { default = true }\noutput \"policy\" { value = var.create ? \"\" : \"\" }\n",
        ),
        (
            "main.tf",
            "module \"m\" { source = \"./m\" }\nresource \"aws_iam_role\" \"r\" {\n  name = \"r\"\
             \n  assume_role_policy \
             = module.m.policy\n}\n",
        ),
    ]);
    assert!(read.unread.is_empty(), "{:?}", read.unread);
    assert_eq!(read.roles.len(), 1);
}

#[test]
fn variables_that_a_file_in_json_sets_are_not_their_defaults() {
    let main = "variable \"ns\" { default = \"shop\" }\nresource \"aws_iam_role\" \"r\" {\n  name = var.ns\n  \
                assume_role_policy = \"{}\"\n}\n";
    let name = |files: &[(&str, &str)]| {
        let read = many(files);
        assert!(read.unread.is_empty(), "{:?}", read.unread);
        read.roles[0].name.value.to_string()
    };
    assert_eq!(name(&[("main.tf", main)]), "shop");
    assert_eq!(name(&[("main.tf", main), ("a.auto.tfvars.json", "{\"ns\": \"prod\"}")]), "${var.ns}");
    assert_eq!(name(&[("main.tf", main), ("a.auto.tfvars.json", "{\"other\": 1}")]), "shop");
    let broken = many(&[("main.tf", main), ("a.auto.tfvars.json", "{\"ns\": ")]);
    assert_eq!(broken.unread.len(), 1);
}

#[test]
fn files_for_opentofu_go_before_those_of_the_same_name() {
    let role = |name: &str| {
        format!("resource \"aws_iam_role\" \"r\" {{\n  name = \"{name}\"\n  assume_role_policy = \"{{}}\"\n}}\n")
    };
    let other = "resource \"aws_iam_role\" \"o\" {\n  name = \"o\"\n  assume_role_policy = \"{}\"\n}\n";
    let (tf, tofu) = (role("terraform"), role("tofu"));
    let declared = super::many(&[("a/main.tf", &tf), ("a/main.tofu", &tofu), ("b/main.tf", other)]);
    let names: Vec<String> = declared.roles.iter().map(|role| role.name.value.to_string()).collect();
    assert_eq!(names, ["tofu", "o"]);
    assert_eq!(declared.unread, []);
}

#[test]
fn a_template_that_was_filled_in_is_told() {
    let main = r#"
resource "aws_iam_role" "r" {
  name               = "r"
  assume_role_policy = templatefile("${path.module}/trust.json.tpl", { account = "111122223333" })
}
"#;
    let text = r#"{"Statement": %{ if true }[{"Principal": {"Federated": "arn:aws:iam::${account}:x"}}]%{ endif }}"#;
    let files = [("main.tf", main), ("trust.json.tpl", text), ("other.json.tpl", text)]
        .map(|(path, text)| trustwalk_terraform::File { path: path.into(), text: text.to_owned() });
    let (declared, templates) = trustwalk_terraform::read_with_templates(&files);
    assert_eq!(templates.into_iter().collect::<Vec<_>>(), ["trust.json.tpl"]);
    assert_eq!(
        super::shown(&declared.roles[0].trust),
        r#"{"Statement":[{"Principal":{"Federated":"arn:aws:iam::111122223333:x"}}]}"#
    );
}
