//! Variables, locals and outputs of modules.

use std::rc::Rc;

use hcl_edit::expr::{Expression, FuncCall};

use crate::folder::{Block, Folder};
use crate::rope::Rope;
use crate::source::Spot;
use crate::value::{Key, Kind, Thing, Val};

use super::{Asked, Ctx, Eval, Instance};

impl<'a> Eval<'a> {
    /// What is asked, once; what asks for itself is a fault.
    pub(crate) fn once(&mut self, asked: Asked, name: &str, at: Spot, find: impl FnOnce(&mut Self) -> Val) -> Val {
        match self.memo.get(&asked) {
            Some(Some(known)) => return known.clone(),
            Some(None) => return Val::fault(name, at),
            None => {}
        }
        self.memo.insert(asked.clone(), None);
        let value = find(self);
        self.memo.insert(asked, Some(value.clone()));
        value
    }

    pub(crate) fn local(&mut self, scope: usize, name: &str, at: Spot) -> Val {
        let full = self.prefixed(scope, &format!("local.{name}"));
        let found = self.scopes.get(scope).and_then(|scope| scope.folder.locals.get(name).copied());
        let Some(written) = found else { return Val::fault(full, at) };
        self.once(Asked::Local(scope, Rc::from(name)), &full, at, |eval| {
            eval.eval(&Ctx { scope, unit: written.unit, instance: None, frame: None }, written.expr)
        })
    }

    pub(crate) fn output(&mut self, scope: usize, name: &str, at: Spot) -> Val {
        let full = self.prefixed(scope, name);
        let found = self.scopes.get(scope).and_then(|scope| scope.folder.outputs.get(name).copied());
        let Some(value) = found.and_then(|output| output.attribute("value")) else { return Val::fault(full, at) };
        self.once(Asked::Output(scope, Rc::from(name)), &full, at, |eval| {
            eval.eval(&Ctx { scope, unit: value.unit, instance: None, frame: None }, value.expr)
        })
    }

    pub(crate) fn variable(&mut self, scope: usize, name: &str, at: Spot) -> Val {
        let full = self.prefixed(scope, &format!("var.{name}"));
        let found = self.scopes.get(scope).and_then(|scope| scope.folder.variables.get(name).copied());
        let Some(block) = found else { return Val::fault(full, at) };
        self.once(Asked::Variable(scope, Rc::from(name)), &full, at, |eval| {
            let ctx = Ctx { scope, unit: block.unit, instance: None, frame: None };
            let value = eval.given(&ctx, name, &block, &full, at);
            match block.attribute("type") {
                Some(kind) => eval.conform(&ctx, value, kind.expr),
                None => value,
            }
        })
    }

    /// What is given for a variable: by the call, by files of variables, by its default.
    fn given(&mut self, ctx: &Ctx<'_>, name: &str, block: &Block<'a>, full: &str, at: Spot) -> Val {
        let Some(scope) = self.scopes.get(ctx.scope) else { return Val::unknown(full, at) };
        let folder: &'a Folder<'a> = scope.folder;
        let value = if let Some((caller, call)) = scope.call {
            let instance = scope.instance.clone();
            call.attribute(name).map(|given| {
                let outer = Ctx { scope: caller, unit: call.unit, instance: Some(&instance), frame: None };
                self.eval(&outer, given.expr)
            })
        } else if self.set_elsewhere(&scope.path.clone(), name) {
            Some(Val::unknown(full, self.spot(ctx, block.hcl)))
        } else {
            let given = folder.given.get(name).copied();
            given.map(|given| self.eval(&Ctx { unit: given.unit, ..*ctx }, given.expr))
        };
        let default = block.attribute("default");
        let nullable = block.hcl.body.get_attribute("nullable").and_then(|found| found.value.as_bool());
        match (value, default) {
            (Some(value), Some(default)) if value.is_null() && nullable == Some(false) => self.eval(ctx, default.expr),
            (Some(value), _) => value,
            (None, Some(default)) => self.eval(ctx, default.expr),
            (None, None) => Val::unknown(full, self.spot(ctx, block.hcl)),
        }
    }

    /// Whether a file of variables sets one that only `-var-file` brings in: such a file in the root module's folder
    /// or below it.
    fn set_elsewhere(&self, path: &str, name: &str) -> bool {
        self.folders.by_path.iter().any(|(folder, found)| {
            let below = path.is_empty() || folder.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'));
            (*folder == path || below) && found.elsewhere.contains(name)
        })
    }

    /// A value as a variable's type makes it: numbers become texts, what is left out gets its default, a set its order.
    fn conform(&mut self, ctx: &Ctx<'_>, value: Val, kind: &Expression) -> Val {
        if matches!(value.kind, Kind::Unknown(_) | Kind::Fault(_) | Kind::Null | Kind::Thing(_)) {
            return value;
        }
        match kind {
            Expression::Variable(name) => match name.value().as_str() {
                "string" => crate::functions::to_text(value),
                "bool" => value.as_bool().map_or(value.clone(), |truth| Val::bool(truth, value.at)),
                _ => value,
            },
            Expression::FuncCall(call) => self.conform_call(ctx, value, call),
            Expression::Parenthesis(inner) => self.conform(ctx, value, inner.inner()),
            _ => value,
        }
    }

    fn conform_call(&mut self, ctx: &Ctx<'_>, value: Val, call: &FuncCall) -> Val {
        let Some(inner) = call.args.get(0) else { return value };
        match call.name.name.value().as_str() {
            "optional" => self.conform(ctx, value, inner),
            kind @ ("list" | "set") => {
                let Some(items) = value.as_list() else { return value };
                let items: Vec<Val> = items.iter().map(|item| self.conform(ctx, item.clone(), inner)).collect();
                let items = if kind == "set" { super::collections::distinct(&items) } else { items };
                Val::list(items, value.at)
            }
            "map" => {
                let Some(members) = value.as_map() else { return value };
                let conformed =
                    members.iter().map(|(key, item)| (key.clone(), self.conform(ctx, item.clone(), inner))).collect();
                Val::map(conformed, value.at)
            }
            "object" => self.conform_object(ctx, value, inner),
            _ => value,
        }
    }

    fn conform_object(&mut self, ctx: &Ctx<'_>, value: Val, kind: &Expression) -> Val {
        let (Some(kind), Some(_)) = (kind.as_object(), value.as_map()) else { return value };
        let mut members = Vec::new();
        for (key, wanted) in kind {
            let name = match key {
                hcl_edit::expr::ObjectKey::Ident(name) => name.value().as_str(),
                hcl_edit::expr::ObjectKey::Expression(expr) => expr.as_str().unwrap_or_default(),
            };
            let optional = wanted.expr().as_func_call().filter(|call| call.name.name.value().as_str() == "optional");
            let default = optional.and_then(|call| call.args.get(1));
            let given = value.get(name).filter(|given| !given.is_null() || default.is_none()).cloned();
            let item = match (given, default) {
                (Some(given), _) => given,
                (None, Some(default)) => self.eval(ctx, default),
                (None, None) if optional.is_some() => Val::null(value.at),
                (None, None) => Val::fault(self.unlike(name), value.at),
            };
            let key = Key { name: Rope::made(name, value.at), at: value.at };
            members.push((key, self.conform(ctx, item, wanted.expr())));
        }
        Val::map(members, value.at)
    }

    /// What stands on a resource or module behind its address.
    pub(crate) fn attribute(&mut self, thing: &Thing, name: &str, at: Spot) -> Val {
        match thing {
            Thing::Module { scope } => {
                if self.scopes.get(*scope).is_some_and(|scope| scope.folder.outputs.contains_key(name)) {
                    self.output(*scope, name, at)
                } else if self.scopes.get(*scope).is_some_and(|scope| scope.ours) {
                    Val::unknown(self.prefixed(*scope, name), at)
                } else {
                    Val::fault(self.prefixed(*scope, name), at)
                }
            }
            Thing::Resource { scope, block, instance } => {
                let asked = Asked::Attribute(*scope, *block, *instance, Rc::from(name));
                let full = format!("{}.{name}", self.address(*scope, *block, *instance));
                self.once(asked, &full, at, |eval| {
                    let known = crate::known::attribute(eval, (*scope, *block, *instance), name, at);
                    known.unwrap_or_else(|| eval.configured(*scope, *block, *instance, name, &full, at))
                })
            }
        }
    }

    /// An attribute as the block sets it; what it leaves out has a value that only AWS knows.
    fn configured(&mut self, scope: usize, number: usize, instance: usize, name: &str, full: &str, at: Spot) -> Val {
        let unknown = Val::new(Kind::Unknown(crate::value::Sym::sure(full, crate::value::Chars::Any)), at);
        self.set(scope, number, instance, name).filter(|value| !value.is_null()).unwrap_or(unknown)
    }

    /// An attribute or nested blocks as a block sets them; `None` where it does not.
    pub(crate) fn set(&mut self, scope: usize, number: usize, instance: usize, name: &str) -> Option<Val> {
        if self.plan.is_some() {
            return self.planned(number, name);
        }
        let block = *self.folders.blocks.get(number)?;
        let instances = self.instances(scope, number);
        let instance = instances.all.get(instance).cloned().unwrap_or(Instance::ONLY);
        let ctx = Self::inside(scope, &block, &instance);
        if let Some(written) = block.attribute(name) {
            return Some(self.eval(&ctx, written.expr));
        }
        let blocks = self.nested(&ctx, &block.hcl.body, name);
        (!blocks.is_empty()).then(|| {
            let at = blocks.first().map_or(block.spot, |first| first.at);
            Val::list(blocks, at)
        })
    }
}
