//! Plans, as Terraform 1.11 with the AWS provider 5.100 makes them, read as their configuration is.

use std::path::Path;

use trustwalk_checkout::{Declared, Node, Said, Text, Value};
use trustwalk_terraform::{File, is_plan, read, read_plan};

use super::{at, shown};

fn fixture(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/cluster");
    std::fs::read_to_string(folder.join(name)).unwrap_or_default()
}

fn planned(text: &str) -> Declared {
    read_plan(&File { path: "plan.json".into(), text: text.to_owned() })
}

/// What is declared, without places, in its order of addresses, with lists and members sorted.
pub(crate) fn summary(declared: &Declared) -> Vec<String> {
    let said = |said: &Said<Text>| said.value.to_string();
    let list = |all: &[Said<Text>]| all.iter().map(said).collect::<Vec<_>>().join(",");
    let roles = declared
        .roles
        .iter()
        .map(|role| format!("{}: {} {} {}", role.from.address, role.arn, said(&role.name), sorted(&role.trust)));
    let providers = declared.providers.iter().map(|provider| {
        let thumbprints = provider.thumbprints.as_deref().map(list);
        let (url, ids) = (said(&provider.url), list(&provider.client_ids));
        format!("{}: {} {url} {ids} {thumbprints:?}", provider.from.address, provider.arn)
    });
    let clusters = declared
        .clusters
        .iter()
        .map(|cluster| format!("{}: {} {}", cluster.from.address, said(&cluster.name), cluster.issuer));
    let addons = declared.addons.iter().map(|addon| {
        format!("{}: {} {} {:?}", addon.from.address, addon.cluster, said(&addon.name), addon.role.as_ref().map(said))
    });
    let associations = declared.associations.iter().map(|found| {
        let (namespace, account, role) = (said(&found.namespace), said(&found.account), said(&found.role));
        format!("{}: {} {namespace}/{account} {role}", found.from.address, found.cluster)
    });
    let mut all: Vec<String> = roles.chain(providers).chain(clusters).chain(addons).chain(associations).collect();
    all.sort();
    all
}

fn sorted(node: &Node) -> String {
    match &node.value {
        Value::List(items) => {
            let mut items: Vec<String> = items.iter().map(sorted).collect();
            items.sort();
            format!("[{}]", items.join(","))
        }
        Value::Map(members) => {
            let mut members: Vec<String> =
                members.iter().map(|(key, value)| format!("{}:{}", key.value, sorted(value))).collect();
            members.sort();
            format!("{{{}}}", members.join(","))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Unknown(_) => shown(node),
    }
}

#[test]
fn a_plan_is_read_as_its_configuration_is() {
    let files = [("main.tf", fixture("main.tf")), ("role/main.tf", fixture("role/main.tf"))];
    let files = files.map(|(path, text)| File { path: path.into(), text });
    let written = read(&files);
    let text = fixture("plan.json");
    assert!(is_plan(&text));
    let planned = planned(&text);
    assert_eq!((written.unread.as_slice(), planned.unread.as_slice()), ([].as_slice(), [].as_slice()));
    // A plan tells which expressions make an unknown text, not how: the key of the condition stays open.
    let key = r#"${replace(aws_eks_cluster.this.identity[0].oidc[0].issuer, "https://", "")}:sub"#;
    let open = "${data.aws_iam_policy_document.app.statement[0].condition[0].variable}";
    let written: Vec<String> = summary(&written).into_iter().map(|line| line.replace(key, open)).collect();
    assert_eq!(written, summary(&planned));
}

#[test]
fn values_of_a_plan_have_their_places_in_it() {
    let text = fixture("plan.json");
    let declared = planned(&text);
    let role = declared.roles.iter().find(|role| role.from.address == "aws_iam_role.ci").unwrap();
    assert_eq!(at(&text, &role.name.at), "\"ci\"");
    let statement = &role.trust.at_path(&["Statement"]).unwrap().value.items()[0];
    let equals = statement.at_path(&["Condition", "StringEquals"]).unwrap();
    let aud = equals.value.get("token.actions.githubusercontent.com:aud").unwrap();
    assert_eq!(at(&text, &aud.at), r#"\"sts.amazonaws.com\""#);
    assert!(at(&text, &role.from.at).contains("\"aws_iam_role.ci\""));
}

#[test]
fn other_formats_and_broken_plans_are_told() {
    let newer = planned(r#"{"format_version": "2.0", "resource_changes": [], "terraform_version": "9.0.0"}"#);
    assert_eq!(newer.unread.len(), 1);
    assert_eq!((newer.unread[0].at.line, newer.unread[0].at.column), (1, 20));
    let broken = planned("{\n \"format_version\": \"1.2\",\n \"x\": }\n");
    assert_eq!((broken.unread[0].at.line, broken.unread[0].at.column), (3, 7));
    assert!(!is_plan(r#"{"kind": "List"}"#));
}

#[test]
fn what_is_sensitive_or_gone_is_not_said() {
    let declared = planned(
        r#"{"format_version": "1.2", "resource_changes": [
            {"address": "aws_iam_role.a", "mode": "managed", "type": "aws_iam_role", "name": "a", "change": {
                "actions": ["update"], "after": {"name": "a", "assume_role_policy": "{\"secret\": 1}"},
                "after_unknown": {}, "after_sensitive": {"assume_role_policy": true}}},
            {"address": "aws_iam_role.b", "mode": "managed", "type": "aws_iam_role", "name": "b", "change": {
                "actions": ["delete"], "before": {"name": "b"}, "after": null, "after_unknown": {}}}
        ]}"#,
    );
    assert_eq!(declared.roles.len(), 1);
    assert_eq!(shown(&declared.roles[0].trust), "${aws_iam_role.a.assume_role_policy (sensitive)}");
}

#[test]
fn a_place_in_a_long_line_costs_no_more() {
    let role = |number: usize| {
        format!(
            r#"{{"address": "aws_iam_role.é{number}", "mode": "managed", "type": "aws_iam_role", "name": "é{number}",
            "change": {{"actions": ["create"], "after": {{"name": "n{number}", "assume_role_policy": "{{}}"}},
            "after_unknown": {{}}}}}}"#
        )
    };
    let changes: Vec<String> = (0..2_000).map(role).collect();
    let text =
        format!(r#"{{"format_version": "1.2", "resource_changes": [{}]}}"#, changes.join(",")).replace('\n', " ");
    let declared = planned(&text);
    assert_eq!(declared.roles.len(), 2_000);
    let last = &declared.roles[1_999];
    assert_eq!((last.name.at.line, at(&text, &last.name.at)), (1, "\"n1999\""));
}
