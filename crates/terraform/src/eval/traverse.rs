//! References: `var.x`, `aws_iam_role.this["a"].arn`, `module.eks[0].name`, splats.

use hcl_edit::expr::{Traversal, TraversalOperator};

use crate::print;
use crate::rope::Rope;
use crate::source::Spot;
use crate::value::{Key, Kind, Sym, Val};

use super::{Ctx, Eval};

/// One step of a reference.
#[derive(Debug, Clone)]
enum Step {
    Attr(String),
    Index(Val),
    AttrSplat,
    FullSplat,
}

impl Eval<'_> {
    pub(super) fn traversal(&mut self, ctx: &Ctx<'_>, traversal: &Traversal, at: Spot) -> Val {
        let steps: Vec<Step> = traversal
            .operators
            .iter()
            .map(|operator| match operator.value() {
                TraversalOperator::GetAttr(name) => Step::Attr(name.value().as_str().to_owned()),
                TraversalOperator::Index(index) => Step::Index(self.eval(ctx, index)),
                TraversalOperator::LegacyIndex(index) => Step::Index(Val::number(index.value(), at)),
                TraversalOperator::AttrSplat(_) => Step::AttrSplat,
                TraversalOperator::FullSplat(_) => Step::FullSplat,
            })
            .collect();
        let root = traversal.expr.as_variable().map(hcl_edit::Ident::as_str);
        let bound = root.is_some_and(|name| ctx.frame.is_some_and(|frame| frame.find(name).is_some()));
        let (value, rest) = match root {
            Some(root) if !bound => self.rooted(ctx, root, &steps, at),
            _ => (self.eval(ctx, &traversal.expr), steps.as_slice()),
        };
        self.walk(value, rest, at)
    }

    /// What the first steps of a reference name, and the steps that remain.
    fn rooted<'s>(&mut self, ctx: &Ctx<'_>, root: &str, steps: &'s [Step], at: Spot) -> (Val, &'s [Step]) {
        let scope = ctx.scope;
        match (root, steps) {
            ("var", [Step::Attr(name), rest @ ..]) => (self.variable(scope, name, at), rest),
            ("local", [Step::Attr(name), rest @ ..]) => (self.local(scope, name, at), rest),
            ("module", [Step::Attr(name), rest @ ..]) => (self.module(scope, name, at), rest),
            ("data", [Step::Attr(kind), Step::Attr(name), rest @ ..]) => {
                (self.resource(scope, true, kind, name, at), rest)
            }
            ("each" | "count", [Step::Attr(name), rest @ ..]) => (Self::of_instance(ctx, root, name, at), rest),
            ("path", [Step::Attr(name), rest @ ..]) => (self.path(scope, name, at), rest),
            ("terraform" | "self", [Step::Attr(name), rest @ ..]) => {
                (Val::unknown(self.root_named(scope, &format!("{root}.{name}")), at), rest)
            }
            (kind, [Step::Attr(name), rest @ ..]) => (self.resource(scope, false, kind, name, at), rest),
            _ => (Val::fault(self.prefixed(scope, root), at), &[]),
        }
    }

    fn of_instance(ctx: &Ctx<'_>, root: &str, name: &str, at: Spot) -> Val {
        let found = match (root, name) {
            ("each", "key") | ("count", "index") => ctx.instance.and_then(|instance| instance.key.clone()),
            ("each", "value") => ctx.instance.and_then(|instance| instance.value.clone()),
            _ => None,
        };
        found.unwrap_or_else(|| Val::fault(format!("{root}.{name}"), at))
    }

    /// A name that is the same in all modules below a root module.
    pub(crate) fn root_named(&self, scope: usize, name: &str) -> String {
        let root = self.scopes.get(scope).map_or("", |scope| &*scope.root_name);
        format!("{root}{name}")
    }

    /// `path.module` from the root module's folder, where Terraform is taken to run.
    fn path(&self, scope: usize, name: &str, at: Spot) -> Val {
        let Some(here) = self.scopes.get(scope) else { return Val::fault("path", at) };
        let root = self.scopes.get(here.root).map_or("", |root| root.path.as_str());
        match name {
            "module" => Val::text(relative(root, &here.path), at),
            "root" => Val::text(".", at),
            _ => Val::unknown(self.root_named(scope, &format!("path.{name}")), at),
        }
    }

    fn walk(&mut self, mut value: Val, steps: &[Step], at: Spot) -> Val {
        let mut rest = steps;
        while let [step, after @ ..] = rest {
            rest = after;
            value = match step {
                Step::Attr(name) => self.attr(&value, name, at),
                Step::Index(index) => self.index(&value, index, at),
                Step::AttrSplat => {
                    let attrs = rest.iter().take_while(|step| matches!(step, Step::Attr(_))).count();
                    let (each, after) = rest.split_at_checked(attrs).unwrap_or((rest, &[]));
                    rest = after;
                    self.splat(&value, each, at)
                }
                Step::FullSplat => {
                    let each = rest;
                    rest = &[];
                    self.splat(&value, each, at)
                }
            };
        }
        value
    }

    fn splat(&mut self, value: &Val, each: &[Step], at: Spot) -> Val {
        match &value.kind {
            Kind::List(items) => {
                let items = items.clone();
                self.spend(items.len());
                let items = items.iter().map(|item| self.walk(item.clone(), each, at)).collect();
                Val::list(items, at)
            }
            Kind::Null => Val::list(Vec::new(), at),
            Kind::Unknown(sym) | Kind::Fault(sym) => {
                let name = each.iter().fold(format!("{}[*]", sym.name), |name, step| match step {
                    Step::Attr(attr) => format!("{name}.{attr}"),
                    Step::Index(index) => format!("{name}[{}]", print::print(index)),
                    Step::AttrSplat | Step::FullSplat => format!("{name}[*]"),
                });
                Self::like(value, print::name(&name), at)
            }
            Kind::Thing(thing) if self.is_unsure(thing) => {
                let item = self.walk(value.clone(), each, at);
                Val::unknown(print::name(&format!("{}[*]", print::print(&item))), at)
            }
            _ => Val::list(vec![self.walk(value.clone(), each, at)], at),
        }
    }

    /// Whether a thing stands for an unknown number of them.
    fn is_unsure(&mut self, thing: &crate::value::Thing) -> bool {
        match thing {
            crate::value::Thing::Resource { scope, block, .. } => {
                matches!(self.instances(*scope, *block).shape, super::Shape::Unsure(_))
            }
            crate::value::Thing::Module { scope } => self.scopes.get(*scope).is_some_and(|scope| {
                let outer = scope.call.and_then(|(caller, _)| self.scopes.get(caller));
                !scope.instance.suffix.is_empty()
                    && scope.perhaps.is_some()
                    && outer.is_some_and(|outer| outer.perhaps != scope.perhaps)
            }),
        }
    }

    /// The symbol of what stands behind another.
    fn like(value: &Val, name: String, at: Spot) -> Val {
        let kind = match &value.kind {
            Kind::Fault(sym) => Kind::Fault(Sym { from: sym.from, ..Sym::any(name) }),
            Kind::Unknown(sym) => {
                Kind::Unknown(Sym { from: sym.from, sure: sym.sure, risky: !sym.sure, ..Sym::any(name) })
            }
            _ => Kind::Unknown(Sym::any(name)),
        };
        Val::new(kind, at)
    }

    /// A member of a value.
    pub(crate) fn attr(&mut self, value: &Val, name: &str, at: Spot) -> Val {
        match &value.kind {
            Kind::Map(members) => match value.get(name) {
                Some(member) => member.clone(),
                None if members.iter().any(|(key, _)| key.name.known().is_none()) => {
                    Val::unknown(print::name(&format!("{}.{name}", print::print(value))), at)
                }
                None => Val::fault(print::name(&format!("{}.{name}", print::print(value))), at),
            },
            Kind::Thing(thing) => self.attribute(thing, name, at),
            Kind::Unknown(sym) | Kind::Fault(sym) => {
                Self::like(value, print::name(&format!("{}.{name}", sym.name)), at)
            }
            _ => Val::fault(print::name(&format!("{}.{name}", print::print(value))), at),
        }
    }

    /// An item of a value.
    pub(crate) fn index(&mut self, value: &Val, index: &Val, at: Spot) -> Val {
        let found = match &value.kind {
            Kind::Map(_) => match index.known_text() {
                Some(name) => return self.attr(value, &name, at),
                None => Self::of_unknown_key(value, index),
            },
            Kind::List(items) => index.as_integer().map(|number| {
                let item = usize::try_from(number).ok().and_then(|number| items.get(number));
                item.cloned().unwrap_or_else(|| Val::fault(self.unlike("an item that is not there"), at))
            }),
            Kind::Thing(thing) if self.is_unsure(thing) => self.unsure_item(value, thing, index),
            Kind::Unknown(_) | Kind::Fault(_) => None,
            _ => return Val::fault(self.unlike("an item of what has none"), at),
        };
        found.unwrap_or_else(|| {
            let name = print::name(&format!("{}[{}]", self.print_thing(value), print::print(index)));
            Self::like(value, name, at)
        })
    }

    /// The member of an unknown name: one that is written with the same unknown name.
    fn of_unknown_key(value: &Val, index: &Val) -> Option<Val> {
        let name = index.as_rope()?;
        value.as_map()?.iter().rev().find(|(key, _)| key.name.same(&name)).map(|(_, item)| item.clone())
    }

    /// The item of an unknown number of things: the one that stands for all, where the index is its own.
    fn unsure_item(&mut self, value: &Val, thing: &crate::value::Thing, index: &Val) -> Option<Val> {
        let key = match thing {
            crate::value::Thing::Resource { scope, block, instance } => {
                self.instances(*scope, *block).all.get(*instance)?.key.clone()?
            }
            crate::value::Thing::Module { scope } => self.scopes.get(*scope)?.instance.key.clone()?,
        };
        (super::operators::same(&key, index) == Some(true)).then(|| value.clone())
    }

    /// A value in words, things by their address.
    pub(crate) fn print_thing(&mut self, value: &Val) -> String {
        match &value.kind {
            Kind::Thing(crate::value::Thing::Resource { scope, block, instance }) => {
                self.address(*scope, *block, *instance)
            }
            Kind::Thing(crate::value::Thing::Module { scope }) => {
                self.scopes.get(*scope).map(|scope| scope.address.clone()).unwrap_or_default()
            }
            _ => print::print(value),
        }
    }

    /// The key of a member named in a file.
    pub(crate) fn named_key(name: &str, at: Spot) -> Key {
        Key { name: Rope::made(name, at), at }
    }
}

/// A path from one folder to another, as Terraform writes `path.module`.
fn relative(from: &str, to: &str) -> String {
    if from == to {
        return ".".to_owned();
    }
    let parts = |path: &str| path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    let (from, to) = (parts(from), parts(to));
    let common = from.iter().zip(&to).take_while(|(one, two)| one == two).count();
    let up = std::iter::repeat_n("..".to_owned(), from.len() - common);
    up.chain(to.into_iter().skip(common)).collect::<Vec<_>>().join("/")
}

/// A file's path as an expression gives it, from the root of the checkout.
pub(crate) fn resolve(root: &str, path: &str) -> Option<String> {
    if path.starts_with('/') { None } else { trustwalk_foreign::path::joined(root, path) }
}
