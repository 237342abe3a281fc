//! What resources declare.

mod eks;
mod helm;
mod iam;
mod kubernetes;

use std::collections::{BTreeMap, BTreeSet};

use trustwalk_checkout::{Declared, Format, Identity, Node, Place, Policy, Said, Symbol, Text, Unread, Value};

use super::bounds::{MAX_DEPTH, MAX_INSTANCES, MAX_MODULES, MAX_NODES, MAX_STEPS, MAX_TEXT};
use super::eval::{Eval, Limit, Shape};
use super::json;
use super::known::Which;
use super::print;
use super::rope::{Rope, Seg};
use super::source::Spot;
use super::value::{Kind, Sym, Val};

/// Puts together what resources declare.
#[derive(Debug)]
pub(crate) struct Declare<'e, 'a> {
    pub(crate) eval: &'e mut Eval<'a>,
    pub(crate) out: Declared,
    /// Policies that are attached to a role.
    attached: Vec<Attached>,
    /// Managed policies by their ARNs.
    documents: Vec<(Text, Node)>,
    nodes: usize,
}

/// A policy and the role that it is attached to.
#[derive(Debug)]
struct Attached {
    /// Account and name of the role.
    key: Text,
    policy: Policy,
    /// Module calls that are not understood and that the name of the role hangs on.
    hangs: BTreeSet<u32>,
}

/// A resource that is looked at.
#[derive(Debug, Clone)]
struct Seen {
    which: Which,
    /// Its block.
    at: Spot,
    from: Identity,
    perhaps: Option<String>,
}

impl<'e, 'a> Declare<'e, 'a> {
    pub(crate) fn new(eval: &'e mut Eval<'a>) -> Self {
        Self { eval, out: Declared::default(), attached: Vec::new(), documents: Vec::new(), nodes: 0 }
    }

    /// All resources of all scopes.
    pub(crate) fn all(mut self) -> Declared {
        // A cluster that is made gives its issuer the name, before others that only look it up.
        self.each(|declare, kind, seen| {
            if kind == (false, "aws_eks_cluster") {
                declare.eval.issuer(seen.which, seen.at);
            }
        });
        self.each(Self::one);
        self.attach();
        self.limits();
        self.out
    }

    fn each(&mut self, mut look: impl FnMut(&mut Self, (bool, &str), &Seen)) {
        let planned = self.eval.plan.as_ref().map_or(0, super::plan::Planned::count);
        for number in 0..planned {
            let kind = self.eval.kind(number).filter(|(data, kind)| is_ours(*data, kind));
            if let (Some((data, kind)), Some(at)) = (kind, self.eval.plan.as_ref().map(|plan| plan.at(number))) {
                let address = self.eval.address(0, number, 0);
                let from = Identity { format: Format::TerraformPlan, address, at: self.place(at) };
                look(self, (data, &kind), &Seen { which: (0, number, 0), at, from, perhaps: None });
            }
        }
        for scope in 0..self.eval.scopes.len() {
            let Some(folder) = self.eval.scopes.get(scope).map(|scope| scope.folder) else { continue };
            for ((data, kind, _), number) in &folder.resources {
                if !is_ours(*data, kind) {
                    continue;
                }
                let instances = self.eval.instances(scope, *number);
                for instance in 0..instances.all.len() {
                    let seen = self.seen((scope, *number, instance), &instances.shape);
                    look(self, (*data, kind), &seen);
                }
            }
        }
    }

    fn seen(&mut self, which: Which, shape: &Shape) -> Seen {
        let scope = self.eval.scopes.get(which.0);
        let outer = scope.and_then(|scope| scope.perhaps.clone());
        let ours = scope.map(|scope| scope.at).unwrap_or_default();
        let block = self.eval.folders.blocks.get(which.1).copied();
        let written = block.filter(|block| self.eval.units.get(block.unit).is_some_and(|unit| !unit.ours));
        let at = written.map_or(ours, |block| block.spot);
        let perhaps = if let Shape::Unsure(expr) = shape { Some(expr.clone()) } else { outer };
        let address = self.eval.address(which.0, which.1, which.2);
        let from = Identity { format: Format::Terraform, address, at: self.place(at) };
        Seen { which, at, from, perhaps }
    }

    fn one(&mut self, (data, kind): (bool, &str), seen: &Seen) {
        match (data, kind) {
            (false, "aws_iam_role") => self.role(seen),
            (false, "aws_iam_role_policy") => self.role_policy(seen),
            (false, "aws_iam_policy") => self.managed_policy(seen),
            (false, "aws_iam_role_policy_attachment") => self.attachment(seen),
            (false, "aws_iam_policy_attachment") => self.attachments(seen),
            (false, "aws_iam_openid_connect_provider") => self.provider(seen),
            (_, "aws_eks_cluster") => self.cluster(seen),
            (false, "aws_eks_addon") => self.addon(seen),
            (false, "aws_eks_pod_identity_association") => self.association(seen),
            (false, "kubernetes_service_account" | "kubernetes_service_account_v1") => self.account(seen),
            (false, "kubernetes_annotations") => self.annotations(seen),
            (false, "kubernetes_manifest") => self.manifest(seen, "manifest"),
            (false, "kubectl_manifest") => self.manifest_text(seen),
            (false, "helm_release") => self.release(seen),
            _ => {}
        }
    }

    pub(crate) fn place(&self, spot: Spot) -> Place {
        self.eval.sources.place(spot)
    }

    /// An attribute, whatever fills it in.
    fn attribute(&mut self, seen: &Seen, name: &str) -> Val {
        let (scope, block, instance) = seen.which;
        self.eval.attribute(&super::value::Thing::Resource { scope, block, instance }, name, seen.at)
    }

    /// An attribute as the configuration sets it.
    fn given(&mut self, seen: &Seen, name: &str) -> Option<Val> {
        self.eval.some(seen.which, name)
    }

    fn text(&mut self, value: &Val) -> Text {
        self.said(value).value
    }

    /// A value as text.
    fn said(&mut self, value: &Val) -> Said<Text> {
        self.notice(value);
        let text = match value.as_rope() {
            Some(rope) => {
                self.notice_rope(&rope);
                rope.to_text()
            }
            None => Text::unknown(self.eval.print_thing(value)),
        };
        Said::new(text, self.place(value.at))
    }

    /// A list of texts; of an unknown list its symbol.
    fn texts(&mut self, value: &Val) -> Vec<Said<Text>> {
        match value.as_list() {
            Some(items) => items.to_vec().iter().map(|item| self.said(item)).collect(),
            None => vec![self.said(value)],
        }
    }

    /// That something declared hangs on a module that is not understood.
    fn notice(&mut self, value: &Val) {
        if let Some(number) = value.symbol().and_then(|sym| sym.from) {
            self.eval.missed.insert(number);
        }
    }

    fn notice_rope(&mut self, rope: &Rope) {
        for seg in rope.segs() {
            if let Seg::Unknown(Sym { from: Some(number), .. }, _) = seg {
                self.eval.missed.insert(*number);
            }
        }
    }

    /// What is read so hangs on nothing: no identity is lost with a module that gives a policy the ARN of a bucket.
    fn aside<T>(&mut self, look: impl FnOnce(&mut Self) -> T) -> (T, BTreeSet<u32>) {
        let before = std::mem::take(&mut self.eval.missed);
        let found = look(self);
        (found, std::mem::replace(&mut self.eval.missed, before))
    }

    /// A policy, as the tree of its document.
    fn document(&mut self, value: &Val) -> Node {
        match &value.kind {
            Kind::Json(inner) => self.node(inner),
            // What a module gives where it makes nothing: no policy, and none that is broken.
            Kind::Text(rope) if rope.known().is_some_and(|text| text.trim().is_empty()) => {
                Said::new(Value::Unknown(Symbol("a policy that is empty".into())), self.place(value.at))
            }
            Kind::Text(rope) => match json::read(rope) {
                Ok(tree) => self.node(&tree),
                Err(error) => {
                    let at = if error.at == Spot::default() { value.at } else { error.at };
                    let why = format!("the policy is not JSON: {}", error.why);
                    self.out.unread.push(Unread { at: self.place(at), why });
                    let name = print::name(&rope.to_text().to_string());
                    Said::new(Value::Unknown(Symbol(name.into())), self.place(value.at))
                }
            },
            _ => self.node(value),
        }
    }

    /// A value as a tree.
    fn node(&mut self, value: &Val) -> Node {
        self.nodes += 1;
        let at = self.place(value.at);
        if self.nodes > MAX_NODES {
            self.eval.met(Limit::Nodes, value.at);
            return Said::new(Value::Unknown(Symbol("(not read)".into())), at);
        }
        self.notice(value);
        let kind = match &value.kind {
            Kind::Null => Value::Null,
            Kind::Bool(truth) => Value::Bool(*truth),
            Kind::Number(number) => Value::Number(number.to_string()),
            Kind::Text(_) | Kind::Json(_) => Value::Text(self.said(value).value),
            Kind::List(items) => Value::List(items.clone().iter().map(|item| self.node(item)).collect()),
            Kind::Map(members) => Value::Map(
                members
                    .clone()
                    .iter()
                    .map(|(key, item)| {
                        self.notice_rope(&key.name);
                        let name = Said::new(key.name.to_text(), self.place(key.at));
                        (name, self.node(item))
                    })
                    .collect(),
            ),
            Kind::Unknown(sym) | Kind::Fault(sym) => Value::Unknown(Symbol((*sym.name).into())),
            Kind::Thing(_) => Value::Unknown(Symbol(self.eval.print_thing(value).into())),
        };
        Said::new(kind, at)
    }

    /// Bounds that were met and modules that were missed.
    fn limits(&mut self) {
        for (limit, at) in self.eval.limits.clone() {
            let why = match limit {
                Limit::Depth => format!("expressions that refer to each other more than {MAX_DEPTH} deep are not read"),
                Limit::Steps => format!("more than {MAX_STEPS} expressions: what follows is not read"),
                Limit::Instances => format!("more than {MAX_INSTANCES} instances: the rest is not read"),
                Limit::Modules => format!("more than {MAX_MODULES} module calls, or too deep: the rest is not read"),
                Limit::Text => format!("a text of more than {} KiB is not read", MAX_TEXT >> 10),
                Limit::Nodes => format!("policies of more than {MAX_NODES} values in all: the rest is not read"),
            };
            self.out.unread.push(Unread { at: self.place(at), why });
        }
        // One line for a module, however often it is called.
        let mut missed: BTreeMap<&str, (Spot, usize)> = BTreeMap::new();
        for number in &self.eval.missed {
            let Some(call) = self.eval.strangers.get(*number as usize) else { continue };
            missed.entry(&call.source).or_insert((call.at, 0)).1 += 1;
        }
        for (source, (at, calls)) in missed {
            self.out.unread.push(Unread { at: self.eval.sources.place(at), why: not_here(source, calls) });
        }
    }
}

/// That a module is missing, and what to do about it.
fn not_here(source: &str, calls: usize) -> String {
    let calls = if calls > 1 { format!(" (called {calls} times)") } else { String::new() };
    let plan = "run `terraform show -json` on a plan and give its output";
    if source.starts_with('.') {
        return format!(
            "an identity hangs on the module `{source}`{calls}, whose folder is not in the checkout: fetch it, where \
             it is a submodule of git, or {plan}"
        );
    }
    let missing = "which is neither in the checkout nor one that is known";
    format!("an identity hangs on the module `{source}`{calls}, {missing}: {plan}")
}

/// Whether something is declared by a kind of resource.
fn is_ours(data: bool, kind: &str) -> bool {
    if data {
        return kind == "aws_eks_cluster";
    }
    matches!(
        kind,
        "aws_iam_role"
            | "aws_iam_role_policy"
            | "aws_iam_policy"
            | "aws_iam_role_policy_attachment"
            | "aws_iam_policy_attachment"
            | "aws_iam_openid_connect_provider"
            | "aws_eks_cluster"
            | "aws_eks_addon"
            | "aws_eks_pod_identity_association"
            | "kubernetes_service_account"
            | "kubernetes_service_account_v1"
            | "kubernetes_annotations"
            | "kubernetes_manifest"
            | "kubectl_manifest"
            | "helm_release"
    )
}
