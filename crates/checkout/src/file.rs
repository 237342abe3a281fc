//! One file after the other, and then all together: what each declares, by what it is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::declared::{Declared, Format, Identity, Role, Unread};
use crate::kubernetes::chart_of;
use crate::kustomize::Kustomization;
use crate::limits::FILE_BYTES;
use crate::node::{Node, Value};
use crate::place::{Place, Said};
use crate::plain::{self, Plain, Refused};
use crate::text::Text;
use crate::yaml::read_yaml;
use crate::{cloudformation, controllers, eksctl, helm, kubernetes, kustomize};

/// A file of a checkout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its path from the root of the checkout, with `/`; `-` for standard input.
    pub path: Arc<str>,
    /// Its text.
    pub text: String,
}

/// What one file declares by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InFile {
    path: Arc<str>,
    declared: Declared,
    kustomization: Option<Kustomization>,
    /// Operations on what a kustomization takes in.
    operations: Option<(String, Node)>,
    /// The chart whose template it is, and its place.
    template: Option<(Arc<str>, Place)>,
    /// The chart whose values give a service account an annotation of AWS's, or whose templates do.
    speaks: Option<Arc<str>>,
    /// The template of CloudFormation that it is.
    stack: Option<Node>,
    /// What kubectl refuses of its manifests.
    refused: Vec<Refused>,
}

impl InFile {
    /// Its path, as its source gives it.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Whether all of it was read.
    pub fn is_whole(&self) -> bool {
        self.declared.unread.is_empty() && self.refused.is_empty()
    }

    /// Whether it gives a service account a role.
    pub fn gives_a_role(&self) -> bool {
        self.declared.gives_a_role()
    }

    /// Its pods alone, where nothing else in it matters: what could not be read of it is of no identity either.
    #[must_use]
    pub fn with_pods_alone(self) -> Self {
        let declared = Declared { workloads: self.declared.workloads, ..Declared::default() };
        Self { path: self.path, declared, ..Self::default() }
    }
}

/// What a file that declares something of this kind holds, in one spelling or another.
const WORDS: [&str; 13] = [
    "erviceAccount",
    "amazonaws.com/",
    "AWS::",
    "AWSCDK",
    "eksctl.io/",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY",
    "role-arn",
    "AssumeRoleWithWebIdentity",
    ".services.k8s.aws",
    ".aws.upbound.io",
    ".aws.m.upbound.io",
    ".aws.crossplane.io",
];

/// Whether a file is worth reading: by its name it may be a manifest, a template or a policy, and it speaks of
/// identities.
pub fn may_declare(path: &str, text: &str) -> bool {
    // By their names these are for Terraform, whose reader fills the templates in.
    if matches!(path.rsplit_once('.'), Some((_, "tftpl" | "hcl"))) {
        return false;
    }
    kustomize::is_one(path) || WORDS.iter().any(|word| text.contains(word))
}

/// Whether a file that speaks of no identity may be a manifest of pods all the same: those whose manifest names no
/// service account run as the namespace's `default` (Kubernetes documentation, "Configure Service Accounts for Pods").
/// It is worth reading where others give accounts a role. Templates that are yet to be filled in are not.
pub fn may_hold_pods(text: &str) -> bool {
    text.contains("containers") && !text.contains("{{")
}

/// Whether a file is a template of a chart, and no YAML before it is rendered.
pub fn is_chart_template(path: &str, text: &str) -> bool {
    chart_of(path).is_some() && text.contains("{{")
}

/// Reads a file. What cannot be read of it is told, and the rest is read.
pub fn read_file(source: &Source) -> InFile {
    let mut out = InFile { path: Arc::clone(&source.path), ..InFile::default() };
    let whole = Place { path: Arc::clone(&source.path), line: 1, column: 1, end_line: 1, end_column: 1 };
    if source.text.len() > FILE_BYTES {
        let why = format!("it is larger than {FILE_BYTES} bytes, more than is read");
        out.declared.unread.push(Unread { at: whole, why });
        return out;
    }
    if is_chart_template(&source.path, &source.text) {
        let chart = chart_of(&source.path).unwrap_or_else(|| "".into());
        if ["amazonaws.com/role-arn", "arn:aws", "AWS_ROLE_ARN"].iter().any(|word| source.text.contains(word)) {
            out.speaks = Some(Arc::clone(&chart));
        }
        out.template = Some((chart, whole));
        return out;
    }
    let read = read_yaml(&source.path, &source.text);
    let templated = source.text.contains("{{");
    out.declared.unread.extend(read.unread.into_iter().map(|mut unread| {
        if templated {
            unread.why.push_str(
                ": it looks like a template: fill it in first, and read what comes of it: `PROGRAM | trustwalk \
                 preflight -`",
            );
        }
        unread
    }));
    for document in &read.all {
        let before = count(&out.declared);
        of_document(source, document, &read.plain, &mut out);
        // kubectl refuses such a manifest, and a policy of it is not what it seems; other tools take the last. Where it
        // declares nothing of identities, it is no matter of theirs.
        let matters = count(&out.declared) > before || kustomize::is_one(&source.path);
        if matters && (kubernetes::is_object(document) || is_trust_policy(document)) {
            let within = |at: &&Place| document.at.line <= at.line && at.line <= document.at.end_line;
            let why =
                "this key stands a second time in its object, which kubectl and IAM refuse; the last is what was read";
            let twice = read.twice.iter().filter(within);
            out.declared.unread.extend(twice.map(|at| Unread { at: at.clone(), why: why.to_owned() }));
        }
        if matters && kubernetes::is_object(document) && !eksctl::is_config(document) {
            out.refused.extend(plain::refused(document, &read.plain));
        }
    }
    // A file holds one template; which of several a stack is made of nobody could say.
    let mut documents = read.all;
    out.stack = documents.pop().filter(|last| documents.is_empty() && cloudformation::is_template(last));
    out
}

/// How much is declared.
fn count(declared: &Declared) -> usize {
    let Declared { roles, providers, clusters, accounts, workloads, addons, associations, .. } = declared;
    let identities = roles.len() + providers.len() + clusters.len() + addons.len() + associations.len();
    identities + accounts.len() + workloads.len()
}

fn of_document(source: &Source, document: &Node, plain: &Plain, out: &mut InFile) {
    if kustomize::is_one(&source.path) {
        out.kustomization = Some(kustomize::read(&source.path, document));
    } else if eksctl::is_config(document) {
        eksctl::declare(document, plain, &mut out.declared);
    } else if kubernetes::is_object(document) {
        kubernetes::declare(document, &mut out.declared);
    } else if cloudformation::is_template(document) {
        cloudformation::declare(document, &mut out.declared);
    } else if is_trust_policy(document) {
        out.declared.roles.push(policy(source, document));
    } else if helm::is_values(&source.path) {
        let before = out.declared.accounts.len();
        helm::values(document, &helm::Release::default(), &mut out.declared);
        let named = out.declared.accounts.get(before..).unwrap_or_default().iter().map(|a| &a.name.at);
        let odd: Vec<Place> = named.filter(|at| plain::is_in(at, plain)).cloned().collect();
        let why = "Helm reads this as true or false or as a number, and the chart gets another name than is written \
                   here: write it in quotes";
        out.declared.unread.extend(odd.into_iter().map(|at| Unread { at, why: why.to_owned() }));
        if out.declared.accounts.len() > before {
            out.speaks = Some(source.path.rsplit_once('/').map_or("", |(folder, _)| folder).into());
        }
    } else if let Value::List(items) = &document.value {
        if kustomize::is_operations(document) {
            out.operations = Some((source.path.to_string(), document.clone()));
        }
        // `cdk synth` and others write lists of manifests.
        items.iter().filter(|item| kubernetes::is_object(item)).for_each(|i| kubernetes::declare(i, &mut out.declared));
    }
}

/// Whether a document is a trust policy by itself: statements of which one names a principal for web identities.
fn is_trust_policy(document: &Node) -> bool {
    let Some(statements) = document.value.get("Statement") else { return false };
    let each =
        if let Value::List(items) = &statements.value { items.as_slice() } else { std::slice::from_ref(statements) };
    each.iter().any(|s| s.at_path(&["Principal", "Federated"]).is_ok())
}

fn policy(source: &Source, document: &Node) -> Role {
    let at = document.at.clone();
    let name = Text::unknown(format!("the role of {}", source.path));
    Role {
        from: Identity { format: Format::TrustPolicy, address: source.path.to_string(), at: at.clone() },
        arn: Text::unknown(format!("the ARN of the role of {}", source.path)),
        name: Said::new(name, at),
        trust: with_placeholders(document),
        policies: Vec::new(),
        boundary: None,
        max_session: None,
        perhaps: None,
    }
}

/// A tree with the placeholders of its texts as symbols. In a policy's values `${aws:…}` is IAM's own.
pub(crate) fn with_placeholders(node: &Node) -> Node {
    let read = |text: &Text| match text.known() {
        Some(known) if !known.contains("${aws:") => crate::placeholder::with_placeholders(known),
        Some(_) | None => text.clone(),
    };
    let value = match &node.value {
        Value::Text(text) => Value::Text(read(text)),
        Value::List(items) => Value::List(items.iter().map(with_placeholders).collect()),
        Value::Map(members) => Value::Map(
            members.iter().map(|(k, v)| (Said::new(read(&k.value), k.at.clone()), with_placeholders(v))).collect(),
        ),
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::Unknown(_)) => other.clone(),
    };
    Said::new(value, node.at.clone())
}

/// The files, those whose template others make stacks of as what comes of it with the parameters that they are given.
fn as_stacks(mut files: Vec<InFile>) -> Vec<InFile> {
    let made = {
        let templates = files.iter().enumerate().filter_map(|(n, f)| Some((n, (&*f.path, f.stack.as_ref()?))));
        let (numbers, sources): (Vec<usize>, Vec<_>) = templates.unzip();
        let made = cloudformation::nested(&sources);
        made.into_iter().filter_map(|(n, declared)| Some((*numbers.get(n)?, declared))).collect::<Vec<_>>()
    };
    for (n, declared) in made {
        let Some(file) = files.get_mut(n) else { continue };
        let before = std::mem::replace(&mut file.declared, declared);
        file.declared.add_new(Declared { unread: before.unread, ..Declared::default() });
    }
    files
}

/// All that the files declare together: names as kustomizations make them, charts that are to be rendered.
pub fn combined(files: Vec<InFile>) -> Declared {
    let mut all = Declared::default();
    let mut kustomizations = Vec::new();
    let mut operations = BTreeMap::new();
    let mut templates: BTreeMap<Arc<str>, Place> = BTreeMap::new();
    let mut speaking: BTreeSet<Arc<str>> = BTreeSet::new();
    let mut refused = Vec::new();
    for file in as_stacks(files) {
        all.add(file.declared);
        refused.extend(file.refused);
        kustomizations.extend(file.kustomization);
        operations.extend(file.operations);
        if let Some((chart, at)) = file.template {
            templates.entry(chart).or_insert(at);
        }
        speaking.extend(file.speaks);
    }
    for (chart, at) in templates {
        if speaking.contains(&chart) {
            let why = "it is a template of a Helm chart, which is no manifest before it is rendered: `helm template \
                       NAME CHART --values FILE | trustwalk preflight -` reads what comes of it";
            all.unread.push(Unread { at, why: why.to_owned() });
        }
    }
    // What a kustomization takes in is written anew before kubectl reads it.
    let taken = |path: &str| kustomizations.iter().any(|k| k.takes(path));
    refused.retain(|r: &Refused| !(r.kustomize_mends && taken(&r.unread.at.path)));
    all.unread.extend(refused.into_iter().map(|r| r.unread));
    controllers::resolve(&mut all);
    kustomize::apply(&mut kustomizations, &operations, &mut all);
    all
}
