//! Terraform's language and its plans: any text is read or told as unread, and each place lies in its file.

use trustwalk_checkout::{Declared, Node, Place, Value};
use trustwalk_terraform::{File, read, read_plan};

use crate::Target;

pub(crate) const TARGET: Target = Target {
    name: "terraform",
    check,
    seeds,
    words: &[
        "${",
        "%{ if ",
        "%{ for x in ",
        "<<-EOF\n",
        "\nEOF\n",
        "jsonencode(",
        "replace(",
        "for_each = ",
        "count = ",
        "dynamic \"statement\" {",
        "data.aws_iam_policy_document.d.json",
        "[*]",
        "...",
        "local.a",
        "var.x",
        "module.m.arn",
        "source = \"./m\"",
        "\"after_unknown\": {\"arn\": true}",
        "\"references\": [\"module.a.b\"]",
    ],
    iterations: 2_500,
};

fn check(input: &[u8]) {
    let text = String::from_utf8_lossy(input).into_owned();
    let files = [
        File { path: "main.tf".into(), text: text.clone() },
        File { path: "m/main.tf".into(), text: MODULE.to_owned() },
    ];
    hold(&read(&files), &files);
    let plan = [File { path: "plan.json".into(), text }];
    for file in &plan {
        hold(&read_plan(file), &plan);
    }
}

/// Each place lies in its file.
fn hold(declared: &Declared, files: &[File]) {
    let lies = |place: &Place| {
        let text = files.iter().find(|file| file.path == place.path).map_or("", |file| file.text.as_str());
        let lines = text.split('\n').count();
        assert!(place.line >= 1 && place.column >= 1 && place.end_line as usize <= lines, "{place:?}");
        assert!((place.line, place.column) <= (place.end_line, place.end_column), "{place:?}");
    };
    for role in &declared.roles {
        lies(&role.from.at);
        lies(&role.name.at);
        tree(&role.trust, &lies);
    }
    for provider in &declared.providers {
        lies(&provider.url.at);
    }
    for unread in &declared.unread {
        lies(&unread.at);
    }
}

fn tree(node: &Node, lies: &impl Fn(&Place)) {
    lies(&node.at);
    match &node.value {
        Value::List(items) => items.iter().for_each(|item| tree(item, lies)),
        Value::Map(members) => members.iter().for_each(|(key, item)| {
            lies(&key.at);
            tree(item, lies);
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Unknown(_) => {}
    }
}

const MODULE: &str = "variable \"name\" { default = \"n\" }\nresource \"aws_iam_role\" \"r\" {\n  name = var.name\n  \
                      assume_role_policy = \"{}\"\n}\noutput \"arn\" { value = aws_iam_role.r.arn }\n";

fn seeds() -> Vec<Vec<u8>> {
    let text = [
        r#"
variable "x" { type = object({ a = optional(string, "b") }) }
locals { a = { for k, v in { p = "q" } : k => upper(v) if v != "" } }
data "aws_iam_policy_document" "d" {
  dynamic "statement" {
    for_each = local.a
    content {
      actions = ["sts:AssumeRoleWithWebIdentity"]
      principals {
        type        = "Federated"
        identifiers = [aws_iam_openid_connect_provider.p.arn]
      }
      condition {
        test     = "StringEquals"
        variable = "${replace(aws_iam_openid_connect_provider.p.url, "https://", "")}:sub"
        values   = ["system:serviceaccount:${var.x.a}:${statement.key}"]
      }
    }
  }
}
resource "aws_iam_openid_connect_provider" "p" {
  url            = aws_eks_cluster.c[0].identity[0].oidc[0].issuer
  client_id_list = ["sts.amazonaws.com"]
}
resource "aws_eks_cluster" "c" {
  count = 1
  name  = "prod"
}
resource "aws_iam_role" "r" {
  for_each           = toset(["a", "b"])
  name_prefix        = "${each.key}-"
  assume_role_policy = data.aws_iam_policy_document.d.json
}
module "m" {
  source = "./m"
  name   = "%{ if var.x.a == "b" ~} c %{ else } d %{ endif }"
}
"#,
        "resource \"aws_iam_role\" \"h\" {\n  name = \"h\"\n  assume_role_policy = <<-EOF\n    {\"Statement\": \
         [{\"Principal\": {\"Federated\": \"${var.x}\"}}]}\n  EOF\n}\n",
        "resource \"kubectl_manifest\" \"k\" {\n  yaml_body = <<EOF\nkind: ServiceAccount\nmetadata:\n  name: \
         ${var.n}\nEOF\n}\n",
        r#"{"format_version": "1.2", "terraform_version": "1.11.4", "resource_changes": [{"address": "aws_iam_role.a",
"mode": "managed", "type": "aws_iam_role", "name": "a", "change": {"actions": ["create"], "after": {"name": "a",
"assume_role_policy": "{\"Statement\": []}"}, "after_unknown": {"arn": true, "policy": true}}}],
"configuration": {"root_module": {"resources": [{"address": "aws_iam_role.a", "expressions": {"policy":
{"references": ["data.aws_iam_policy_document.d.json"]}}}]}}}"#,
    ];
    text.map(|text| text.as_bytes().to_vec()).to_vec()
}
