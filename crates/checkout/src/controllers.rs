//! Objects from which a controller in the cluster makes what AWS holds: roles and providers, clusters, add-ons and
//! associations of ACK (ACK, API reference of `iam` and `eks`) and of Crossplane's two families (Upbound Marketplace,
//! provider-family-aws; crossplane-contrib/provider-aws, package reference).
//!
//! In which account they are made the controller's own settings say, which the files mostly do not tell: it is a
//! symbol, the same for all that one controller makes.

use std::collections::HashMap;

use crate::addons::account_of_addon;
use crate::declared::{Addon, Association, Cluster, Declared, Format, Identity, Policy, Provider, Role, Unread};
use crate::embedded::embedded;
use crate::file::with_placeholders;
use crate::kubernetes::{address, known, named, text, texts};
use crate::node::{Node, Value};
use crate::place::{Place, Said};
use crate::text::{Piece, Symbol, Text};

/// The annotation with which Crossplane is told the name of what it makes (Crossplane, "Managed Resources").
const EXTERNAL_NAME: &str = "crossplane.io/external-name";

/// Whose objects they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Maker {
    /// AWS Controllers for Kubernetes.
    Ack,
    /// Crossplane with the providers of Upbound, made of Terraform's.
    Upbound,
    /// Crossplane with its community's older provider.
    Classic,
}

/// Whose group it is, and which of AWS's services it is about.
fn maker(group: &str) -> Option<(Maker, &str)> {
    let (service, rest) = group.split_once('.')?;
    let maker = match rest {
        "services.k8s.aws" => Maker::Ack,
        "aws.upbound.io" | "aws.m.upbound.io" => Maker::Upbound,
        "aws.crossplane.io" => Maker::Classic,
        _ => return None,
    };
    Some((maker, service))
}

/// What an object declares, where a controller that is known makes something of it.
pub(crate) fn declare(group: &str, kind: &str, object: &Node, into: &mut Declared) {
    let Some((maker, service)) = maker(group) else { return };
    let spec = match maker {
        Maker::Ack => object.at_path(&["spec"]),
        Maker::Upbound | Maker::Classic => object.at_path(&["spec", "forProvider"]),
    };
    let (Ok(spec), Some((own, namespace))) = (spec, named(object)) else { return };
    let one = One { maker, kind, object, spec, own, namespace };
    match (service, kind) {
        ("iam", "Role") => into.roles.extend(one.role(&mut into.unread)),
        ("iam", "OpenIDConnectProvider") => into.providers.extend(one.provider()),
        ("eks", "Cluster") => into.clusters.push(one.cluster()),
        ("eks", "Addon") => into.addons.extend(one.addon()),
        ("eks", "PodIdentityAssociation") => into.associations.extend(one.association()),
        _ => {}
    }
}

/// One object.
struct One<'a> {
    maker: Maker,
    kind: &'a str,
    object: &'a Node,
    spec: &'a Node,
    own: Said<Text>,
    namespace: Option<Said<Text>>,
}

impl One<'_> {
    fn from(&self) -> Identity {
        Identity {
            format: Format::Kubernetes,
            address: address(self.kind, &self.own, self.namespace.as_ref()),
            at: self.object.at.clone(),
        }
    }

    fn text(&self, name: &str) -> Option<Said<Text>> {
        self.spec.value.get(name).and_then(text)
    }

    fn list(&self, name: &str) -> Vec<Said<Text>> {
        self.spec.value.get(name).map(|n| n.value.items()).unwrap_or_default().iter().filter_map(text).collect()
    }

    /// The name that it has at AWS.
    fn name(&self) -> Said<Text> {
        if self.maker == Maker::Ack {
            return self.text("name").unwrap_or_else(|| self.own.clone());
        }
        let annotations = texts(self.object.at_path(&["metadata", "annotations"]).ok());
        let told = annotations.into_iter().rev().find(|(key, _)| key.value.known() == Some(EXTERNAL_NAME));
        told.map_or_else(|| self.own.clone(), |(_, name)| name)
    }

    /// `arn:PARTITION:iam::ACCOUNT:` of what it makes.
    fn arn(&self, rest: impl IntoIterator<Item = Text>) -> Text {
        let account = match self.maker {
            Maker::Ack => {
                let namespace = self.namespace.as_ref().map_or_else(String::new, |n| format!(" for {}", n.value));
                format!("the account of ACK's controllers{namespace}")
            }
            Maker::Upbound | Maker::Classic => {
                let config = self.object.at_path(&["spec", "providerConfigRef", "name"]).ok().and_then(text);
                let config = config.map_or_else(|| "default".to_owned(), |c| c.value.to_string());
                format!("the account of the ProviderConfig {config}")
            }
        };
        let head = [Text::from("arn:"), Text::unknown("the partition"), ":iam::".into(), Text::unknown(account)];
        head.into_iter().chain(rest).collect()
    }

    fn role(&self, unread: &mut Vec<Unread>) -> Option<Role> {
        let name = if self.maker == Maker::Upbound { "assumeRolePolicy" } else { "assumeRolePolicyDocument" };
        // What is taken over, or observed, is declared by nobody here.
        let written = self.spec.value.get(name)?;
        let policy = written.value.text()?;
        let trust = if let Some(trust) = embedded(&policy, &written.at) {
            with_placeholders(&trust)
        } else {
            let whole = text(written).map(|t| t.value);
            let Some([Piece::Unknown(symbol)]) = whole.as_ref().map(Text::pieces) else {
                let why = "the trust policy is no text that holds an object";
                unread.push(Unread { at: written.at.clone(), why: why.to_owned() });
                return None;
            };
            Said::new(Value::Unknown(symbol.clone()), written.at.clone())
        };
        let name = self.name();
        let path = self.text("path").map_or_else(|| "/".into(), |p| p.value);
        Some(Role {
            from: self.from(),
            arn: self.arn([":role".into(), path, name.value.clone()]),
            name,
            trust,
            policies: self.policies(),
            boundary: self.text("permissionsBoundary"),
            max_session: self.text("maxSessionDuration"),
            perhaps: None,
        })
    }

    fn policies(&self) -> Vec<Policy> {
        let managed = self.list(if self.maker == Maker::Ack { "policies" } else { "managedPolicyArns" });
        let managed = managed.into_iter().map(|arn| Policy { name: arn.value, document: None, at: arn.at });
        let inline = texts(self.spec.value.get("inlinePolicies")).into_iter();
        let inline = inline.map(|(name, document)| Policy {
            name: name.value,
            document: embedded(&document.value, &document.at),
            at: document.at,
        });
        managed.chain(inline).collect()
    }

    fn provider(&self) -> Option<Provider> {
        let (ids, prints) = match self.maker {
            Maker::Ack => ("clientIDs", "thumbprints"),
            Maker::Upbound => ("clientIdList", "thumbprintList"),
            Maker::Classic => ("clientIDList", "thumbprintList"),
        };
        let url = self.text("url")?;
        let bare = without_scheme(&url.value);
        Some(Provider {
            from: self.from(),
            arn: self.arn([":oidc-provider/".into(), bare]),
            url,
            client_ids: self.list(ids),
            thumbprints: Some(self.list(prints)).filter(|prints| !prints.is_empty()),
            perhaps: None,
        })
    }

    fn cluster(&self) -> Cluster {
        let issuer = Text::unknown(format!("the issuer of {}", self.from().address));
        let auto = self.spec.at_path(&["computeConfig", "enabled"]).is_ok_and(|n| n.value != Value::Bool(false));
        Cluster { from: self.from(), name: self.name(), issuer, built_in_agent: auto }
    }

    fn addon(&self) -> Option<Addon> {
        let name = match self.maker {
            Maker::Ack => self.text("name"),
            Maker::Upbound => self.text("addonName"),
            Maker::Classic => self.text("addonName").or_else(|| self.text("name")),
        }?;
        let own = account_of_addon(name.value.known().unwrap_or_default());
        Some(Addon {
            from: self.from(),
            cluster: self.told_or_meant("Cluster", "clusterName", &["clusterRef", "clusterNameRef"])?.value,
            role: self.told_or_meant(
                "Role",
                self.arn_member("serviceAccountRole"),
                &["serviceAccountRoleRef", "serviceAccountRoleArnRef"],
            ),
            account: own.map(|(namespace, name)| (namespace.into(), name.into())),
            name,
        })
    }

    fn association(&self) -> Option<Association> {
        Some(Association {
            from: self.from(),
            cluster: self.told_or_meant("Cluster", "clusterName", &["clusterRef", "clusterNameRef"])?.value,
            namespace: self.text("namespace")?,
            account: self.text("serviceAccount")?,
            role: self.told_or_meant("Role", self.arn_member("role"), &["roleRef", "roleArnRef"])?,
        })
    }

    /// How the member is spelt that holds the ARN of a role.
    fn arn_member(&self, of: &str) -> &'static str {
        match (self.maker, of) {
            (Maker::Ack, "role") => "roleARN",
            (Maker::Ack, _) => "serviceAccountRoleARN",
            (_, "role") => "roleArn",
            (..) => "serviceAccountRoleArn",
        }
    }

    /// A value that is told, or that of the object which a reference names: a symbol, until all files were read.
    fn told_or_meant(&self, kind: &str, member: &str, references: &[&str]) -> Option<Said<Text>> {
        if let Some(told) = self.text(member) {
            return Some(told);
        }
        for reference in references {
            let Some(reference) = self.spec.value.get(reference) else { continue };
            // ACK has one level more.
            let inner = reference.value.get("from").unwrap_or(reference);
            let name = inner.value.get("name").and_then(text)?;
            let namespace = inner.value.get("namespace").and_then(text).or_else(|| self.namespace.clone());
            let meant = Text::unknown(address(kind, &name, namespace.as_ref()));
            return Some(Said::new(meant, name.at));
        }
        // What a selector's labels choose stands in no file by its name.
        let selector = format!("{member}Selector");
        let chosen = self.spec.value.get(&selector)?;
        Some(Said::new(Text::unknown(format!("what {selector} of {} chooses", self.from().address)), chosen.at.clone()))
    }
}

fn without_scheme(url: &Text) -> Text {
    let mut pieces = url.pieces().iter();
    let mut out = Text::default();
    if let Some(Piece::Known(first)) = pieces.clone().next() {
        out.push(first.strip_prefix("https://").unwrap_or(first).into());
        pieces.next();
    }
    for piece in pieces {
        out.push(match piece {
            Piece::Known(known) => known.as_str().into(),
            Piece::Unknown(symbol) => Text::unknown(symbol.0.clone()),
        });
    }
    out
}

/// What references of one object mean of another, once all files were read.
pub(crate) fn resolve(all: &mut Declared) {
    let of_controllers = |from: &Identity| from.format == Format::Kubernetes;
    let roles = all.roles.iter().filter(|r| of_controllers(&r.from)).map(|r| (r.from.address.clone(), r.arn.clone()));
    let clusters = all.clusters.iter().filter(|c| of_controllers(&c.from));
    let clusters = clusters.map(|c| (c.from.address.clone(), c.name.value.clone()));
    let meant: HashMap<String, Text> = roles.chain(clusters).collect();
    if meant.is_empty() {
        return;
    }
    let put = |text: &mut Text| {
        if let [Piece::Unknown(Symbol(name))] = text.pieces()
            && let Some(value) = meant.get(&**name)
        {
            *text = value.clone();
        }
    };
    for association in all.associations.iter_mut().filter(|a| of_controllers(&a.from)) {
        put(&mut association.cluster);
        put(&mut association.role.value);
    }
    for addon in all.addons.iter_mut().filter(|a| of_controllers(&a.from)) {
        put(&mut addon.cluster);
        if let Some(role) = &mut addon.role {
            put(&mut role.value);
        }
    }
}

/// Kinds whose objects make others of values or patches that are not followed (Crossplane, "Compositions"; kro,
/// "`ResourceGraphDefinitions`"; Flux, "Kustomization").
pub(crate) fn template(group: &str, kind: &str, object: &Node, into: &mut Declared) -> bool {
    let render = match (group, kind) {
        ("apiextensions.crossplane.io", "Composition") => {
            "`crossplane render XR.yaml COMPOSITION.yaml FUNCTIONS.yaml | trustwalk preflight -` reads what comes of it"
        }
        ("kro.run", "ResourceGraphDefinition") => "`--live` reads what came of it",
        ("kustomize.toolkit.fluxcd.io", "Kustomization") => {
            "`flux build kustomization NAME --path FOLDER | trustwalk preflight -` reads what comes of it"
        }
        _ => return false,
    };
    if let Some(at) = of_identities(object) {
        let why = format!("this {kind} makes or changes an identity, and is not followed: {render}");
        into.unread.push(Unread { at: at.clone(), why });
    }
    true
}

/// Where a tree speaks of trust for web identities, or of an account's role.
fn of_identities(node: &Node) -> Option<&Place> {
    match &node.value {
        Value::Text(text) => {
            let words = ["AssumeRoleWithWebIdentity", crate::eksctl::ROLE_ANNOTATION];
            let speaks = |p: &Piece| matches!(p, Piece::Known(k) if words.iter().any(|word| k.contains(word)));
            text.pieces().iter().any(speaks).then_some(&node.at)
        }
        Value::List(items) => items.iter().find_map(of_identities),
        Value::Map(members) => members.iter().find_map(|(key, inner)| {
            let role = key.value.known() == Some(crate::eksctl::ROLE_ANNOTATION);
            if role { Some(&key.at) } else { of_identities(inner) }
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Unknown(_) => None,
    }
}

/// Whether a member holds the annotation that names a role.
pub(crate) fn names_a_role(node: &Node) -> bool {
    let annotations = texts(node.value.get("annotations"));
    annotations.iter().any(|(key, _)| key.value.known() == Some(crate::eksctl::ROLE_ANNOTATION))
}

/// The group of an object's API, empty for the core's.
pub(crate) fn group(object: &Node) -> String {
    let version = known(object, "apiVersion").unwrap_or_default();
    version.split_once('/').map_or("", |(group, _)| group).to_owned()
}

/// Whether a group is of what somebody added to a cluster: those of Kubernetes itself have no dot, or end so
/// (Kubernetes documentation, "API groups").
pub(crate) fn is_added(group: &str) -> bool {
    group.contains('.') && !group.ends_with(".k8s.io")
}

/// The annotations that name a role, wherever in the spec of an added kind they stand: its operator puts them on a
/// service account that it makes.
pub(crate) fn annotated<'n>(node: &'n Node, depth: usize, found: &mut Vec<&'n Node>) {
    let Some(depth) = depth.checked_sub(1) else { return };
    match &node.value {
        Value::Map(members) => {
            if names_a_role(node) {
                found.push(node);
            }
            for (_, inner) in members {
                annotated(inner, depth, found);
            }
        }
        Value::List(items) => items.iter().for_each(|inner| annotated(inner, depth, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Unknown(_) => {}
    }
}
