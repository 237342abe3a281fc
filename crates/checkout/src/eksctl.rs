//! Cluster configs of eksctl (eksctl, "Config file schema").

use crate::addons::account_of_addon;
use crate::declared::{Account, Addon, Association, Cluster, Declared, Format, Identity};
use crate::kubernetes::text;
use crate::node::{Node, Value};
use crate::place::Said;
use crate::text::Text;

/// The annotation that eksctl writes for `attachRoleARN`.
const ROLE_ANNOTATION: &str = "eks.amazonaws.com/role-arn";

/// Whether a document is one.
pub(crate) fn is_config(document: &Node) -> bool {
    let of = |name: &str| document.value.get(name).and_then(|n| n.value.text());
    of("apiVersion").is_some_and(|v| v.known().is_some_and(|v| v.starts_with("eksctl.io/")))
}

/// What it declares.
pub(crate) fn declare(document: &Node, into: &mut Declared) {
    let Some(name) = document.at_path(&["metadata", "name"]).ok().and_then(text) else { return };
    let cluster = name.value.clone();
    let issuer = Text::unknown(format!("issuer of the cluster {cluster}, without https://"));
    let issuer = [Text::from("https://"), issuer].into_iter().collect();
    let from = |address: String, node: &Node| Identity { format: Format::Eksctl, address, at: node.at.clone() };
    let automatic = document.at_path(&["autoModeConfig", "enabled"]).ok();
    let built_in_agent = automatic.is_some_and(|n| n.value != Value::Bool(false));
    let from_config = from(format!("ClusterConfig/{cluster}"), document);
    into.clusters.push(Cluster { from: from_config, name, issuer, built_in_agent });
    let listed = |path: &[&str]| document.at_path(path).map(|n| n.value.items()).unwrap_or_default();
    for (n, node) in listed(&["iam", "serviceAccounts"]).iter().enumerate() {
        into.accounts.extend(account(node, &cluster, from(format!("iam.serviceAccounts[{n}]"), node)));
    }
    for (n, node) in listed(&["iam", "podIdentityAssociations"]).iter().enumerate() {
        into.associations.extend(association(node, &cluster, from(format!("iam.podIdentityAssociations[{n}]"), node)));
    }
    for (n, node) in listed(&["addons"]).iter().enumerate() {
        let Some(name) = node.value.get("name").and_then(text) else { continue };
        let own = account_of_addon(name.value.known().unwrap_or_default());
        let associations = node.value.get("podIdentityAssociations").map(|n| n.value.items()).unwrap_or_default();
        for (m, node) in associations.iter().enumerate() {
            let from = from(format!("addons[{n}].podIdentityAssociations[{m}]"), node);
            into.associations.extend(association(node, &cluster, from));
        }
        into.addons.push(Addon {
            from: from(format!("addons[{n}]"), node),
            cluster: cluster.clone(),
            name,
            role: node.value.get("serviceAccountRoleARN").and_then(text),
            account: own.map(|(namespace, name)| (namespace.into(), name.into())),
        });
    }
}

/// An account whose role the file names. Where it names none, eksctl makes one that fits.
fn account(node: &Node, cluster: &Text, from: Identity) -> Option<Account> {
    let role = node.value.get("attachRoleARN").and_then(text)?;
    let key = Said::new(ROLE_ANNOTATION.into(), role.at.clone());
    Some(Account {
        from,
        cluster: Some(cluster.clone()),
        namespace: node.at_path(&["metadata", "namespace"]).ok().and_then(text).or_else(|| {
            // eksctl, "IAM Roles for Service Accounts": the default namespace where none is named.
            Some(Said::new("default".into(), node.at.clone()))
        }),
        name: node.at_path(&["metadata", "name"]).ok().and_then(text)?,
        annotations: vec![(key, role)],
    })
}

fn association(node: &Node, cluster: &Text, from: Identity) -> Option<Association> {
    Some(Association {
        from,
        cluster: cluster.clone(),
        namespace: node.value.get("namespace").and_then(text)?,
        account: node.value.get("serviceAccountName").and_then(text)?,
        // Where it names none, eksctl makes one that fits.
        role: node.value.get("roleARN").and_then(text)?,
    })
}
