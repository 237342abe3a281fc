//! Cluster configs of eksctl (eksctl, "Config file schema").

use crate::addons::account_of_addon;
use crate::declared::{Account, Addon, Association, Cluster, Declared, Format, Identity, Role, Unread};
use crate::kubernetes::text;
use crate::node::{Node, Value};
use crate::place::{Place, Said};
use crate::plain::{Plain, is_true};
use crate::text::Text;

/// The annotation that eksctl writes for `attachRoleARN`.
pub(crate) const ROLE_ANNOTATION: &str = "eks.amazonaws.com/role-arn";

/// Whether a document is one.
pub(crate) fn is_config(document: &Node) -> bool {
    let of = |name: &str| document.value.get(name).and_then(|n| n.value.text());
    of("apiVersion").is_some_and(|v| v.known().is_some_and(|v| v.starts_with("eksctl.io/")))
}

/// What it declares. The plain scalars are those that its reader, which is kubectl's, takes for no text.
pub(crate) fn declare(document: &Node, plain: &Plain, into: &mut Declared) {
    let Some(name) = document.at_path(&["metadata", "name"]).ok().and_then(text) else { return };
    let cluster = name.value.clone();
    let bare = Text::unknown(format!("issuer of the cluster {cluster}, without https://"));
    let issuer = [Text::from("https://"), bare.clone()].into_iter().collect();
    let from = |address: String, node: &Node| Identity { format: Format::Eksctl, address, at: node.at.clone() };
    let automatic = document.at_path(&["autoModeConfig", "enabled"]).ok();
    let built_in_agent = automatic.is_some_and(|n| n.value != Value::Bool(false));
    let from_config = from(format!("ClusterConfig/{cluster}"), document);
    into.clusters.push(Cluster { from: from_config, name, issuer, built_in_agent });
    let listed = |path: &[&str]| document.at_path(path).map(|n| n.value.items()).unwrap_or_default();
    let accounts = if has_provider(document, plain) { listed(&["iam", "serviceAccounts"]) } else { &[] };
    into.unread.extend(without_provider(document, plain));
    for (n, node) in accounts.iter().enumerate() {
        let from = from(format!("iam.serviceAccounts[{n}]"), node);
        let role = role(node, &bare, &from);
        into.accounts.extend(account(node, role.as_ref(), &cluster, from));
        into.roles.extend(role);
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

/// Whether eksctl is to make the cluster's provider, as far as the file tells.
fn has_provider(document: &Node, plain: &Plain) -> bool {
    let Ok(told) = document.at_path(&["iam", "withOIDC"]) else { return false };
    // What something fills in first is not known, and no reason to refuse anything.
    let filled_in = || match &told.value {
        Value::Text(known) => crate::with_placeholders(known.known().unwrap_or_default()).known().is_none(),
        Value::Unknown(_) => true,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::List(_) | Value::Map(_) => false,
    };
    is_true(told, plain) || filled_in()
}

/// That no account is made because no provider is: eksctl refuses a config with `iam.serviceAccounts` and without
/// `iam.withOIDC: true`, whose default is false (eksctl, `ValidateClusterConfig` in
/// `pkg/apis/eksctl.io/v1alpha5/validation.go`). Of an add-on's role it asks whether the cluster has a provider
/// already.
fn without_provider(document: &Node, plain: &Plain) -> Option<Unread> {
    let of = |path: &[&str]| document.at_path(path).ok();
    let accounts = of(&["iam", "serviceAccounts"]).filter(|n| !n.value.items().is_empty())?;
    if has_provider(document, plain) {
        return None;
    }
    let at = of(&["iam", "withOIDC"]).unwrap_or(accounts).at.clone();
    let why = "eksctl refuses this config, for it makes the service accounts of `iam.serviceAccounts` only with an \
               OIDC provider: write `withOIDC: true` under `iam`; they and their roles were not judged";
    Some(Unread { at, why: why.to_owned() })
}

/// The namespace of an entry for a service account (eksctl, "IAM Roles for Service Accounts": `default` where none is
/// named), and its name.
fn named(node: &Node) -> Option<(Said<Text>, Said<Text>)> {
    let namespace = node.at_path(&["metadata", "namespace"]).ok().and_then(text);
    let namespace = namespace.unwrap_or_else(|| Said::new("default".into(), node.at.clone()));
    Some((namespace, node.at_path(&["metadata", "name"]).ok().and_then(text)?))
}

/// An account whose role the file names, by its ARN or by the name of one that eksctl makes. Where it names none,
/// eksctl makes one that fits; and where it is to make the role alone (`roleOnly`), it annotates no account.
fn account(node: &Node, made: Option<&Role>, cluster: &Text, from: Identity) -> Option<Account> {
    let attached = node.value.get("attachRoleARN").and_then(text);
    let alone = node.value.get("roleOnly").is_some_and(|n| n.value == Value::Bool(true));
    let made = made.filter(|_| !alone).map(|role| Said::new(role.arn.clone(), role.name.at.clone()));
    let role = attached.or(made)?;
    let (namespace, name) = named(node)?;
    let key = Said::new(ROLE_ANNOTATION.into(), role.at.clone());
    Some(Account {
        from,
        cluster: Some(cluster.clone()),
        namespace: Some(namespace),
        name,
        annotations: vec![(key, role)],
    })
}

/// The role that eksctl makes under a name that the file gives it (`roleName`): its trust policy names exactly the
/// account and STS as audience (eksctl, `MakeAssumeRolePolicyDocument` in `pkg/iam/oidc/api.go`).
fn role(node: &Node, issuer: &Text, from: &Identity) -> Option<Role> {
    if node.value.get("attachRoleARN").is_some() {
        return None;
    }
    let name = node.value.get("roleName").and_then(text)?;
    let (namespace, account) = named(node)?;
    let joined = |parts: &[Text]| parts.iter().cloned().collect::<Text>();
    let head = || joined(&["arn:".into(), Text::unknown("partition"), ":iam::".into(), Text::unknown("account")]);
    let subject = joined(&["system:serviceaccount:".into(), namespace.value, ":".into(), account.value.clone()]);
    let provider = joined(&[head(), ":oidc-provider/".into(), issuer.clone()]);
    let at = &account.at;
    let of = |value: Text| Node::new(Value::Text(value), at.clone());
    let conditions = map(
        at,
        vec![
            (joined(&[issuer.clone(), ":sub".into()]), of(subject)),
            (joined(&[issuer.clone(), ":aud".into()]), of("sts.amazonaws.com".into())),
        ],
    );
    let statement = map(
        at,
        vec![
            ("Effect".into(), of("Allow".into())),
            ("Action".into(), of("sts:AssumeRoleWithWebIdentity".into())),
            ("Principal".into(), map(at, vec![("Federated".into(), of(provider))])),
            ("Condition".into(), map(at, vec![("StringEquals".into(), conditions)])),
        ],
    );
    let statements = Node::new(Value::List(vec![statement]), at.clone());
    let version = of("2012-10-17".into());
    Some(Role {
        from: from.clone(),
        arn: joined(&[head(), ":role/".into(), name.value.clone()]),
        name,
        trust: map(at, vec![("Version".into(), version), ("Statement".into(), statements)]),
        policies: Vec::new(),
        boundary: None,
        max_session: None,
        perhaps: None,
    })
}

fn map(at: &Place, members: Vec<(Text, Node)>) -> Node {
    let members = members.into_iter().map(|(name, node)| (Said::new(name, at.clone()), node)).collect();
    Node::new(Value::Map(members), at.clone())
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
