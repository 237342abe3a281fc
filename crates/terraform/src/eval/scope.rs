//! Where expressions are evaluated: modules as they are called, and instances of blocks.

use std::rc::Rc;

use hcl_edit::expr::Expression;
use trustwalk_foreign::path::joined;

use crate::bounds::{MAX_INSTANCES, MAX_MODULE_DEPTH, MAX_MODULES};
use crate::folder::{Block, Folder, Folders};
use crate::print;
use crate::source::Spot;
use crate::value::{Kind, Sym, Thing, Val};

use super::{Ctx, Eval, Limit, Stranger};

/// A module as it is called once.
#[derive(Debug)]
pub(crate) struct Scope<'a> {
    pub(crate) path: String,
    pub(crate) folder: &'a Folder<'a>,
    /// What tells root modules of one checkout apart; empty where there is one.
    pub(crate) root_name: Rc<str>,
    /// The root module's scope.
    pub(crate) root: usize,
    /// `module.a.module.b`; empty for a root module.
    pub(crate) address: String,
    /// The scope that calls it, and the block that does.
    pub(crate) call: Option<(usize, Block<'a>)>,
    pub(crate) instance: Instance,
    /// The expression that decides whether it is there.
    pub(crate) perhaps: Option<String>,
    /// Where it is called.
    pub(crate) at: Spot,
    pub(crate) depth: usize,
    /// Whether it is our own description, which leaves out what declares nothing.
    pub(crate) ours: bool,
}

/// One of the instances of a block.
#[derive(Debug, Clone)]
pub(crate) struct Instance {
    /// What stands after the address: `[0]`, `["a"]`, or nothing.
    pub(crate) suffix: String,
    /// `each.key`, or `count.index`.
    pub(crate) key: Option<Val>,
    /// `each.value`.
    pub(crate) value: Option<Val>,
}

impl Instance {
    /// The only one of a block.
    pub(crate) const ONLY: Self = Self { suffix: String::new(), key: None, value: None };
}

/// How the instances of a block are referred to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Shape {
    One,
    List,
    Map,
    /// Not known; the expression that decides.
    Unsure(String),
}

/// The instances of a block.
#[derive(Debug)]
pub(crate) struct Instances {
    pub(crate) shape: Shape,
    pub(crate) all: Vec<Instance>,
}

impl<'a> Eval<'a> {
    /// Makes the scope of a root module.
    pub(crate) fn root(&mut self, path: &str, folder: &'a Folder<'a>, root_name: Rc<str>) -> usize {
        let number = self.scopes.len();
        self.scopes.push(Scope {
            path: path.to_owned(),
            folder,
            root_name,
            root: number,
            address: String::new(),
            call: None,
            instance: Instance::ONLY,
            perhaps: None,
            at: Spot::default(),
            depth: 0,
            ours: false,
        });
        number
    }

    /// What expressions of a block of a scope see.
    pub(crate) fn inside<'f>(scope: usize, block: &Block<'_>, instance: &'f Instance) -> Ctx<'f> {
        Ctx { scope, unit: block.unit, instance: Some(instance), frame: None }
    }

    /// The instances of a resource or data source.
    pub(crate) fn instances(&mut self, scope: usize, number: usize) -> Rc<Instances> {
        if let Some(known) = self.instances.get(&(scope, number)) {
            return Rc::clone(known);
        }
        let found = match self.folders.blocks.get(number).copied() {
            Some(block) => self.count(scope, &block),
            None if self.plan.is_some() => Instances { shape: Shape::One, all: vec![Instance::ONLY] },
            None => Instances { shape: Shape::One, all: Vec::new() },
        };
        let found = Rc::new(found);
        self.instances.insert((scope, number), Rc::clone(&found));
        found
    }

    /// The instances that `count` and `for_each` of a block make.
    fn count(&mut self, scope: usize, block: &Block<'a>) -> Instances {
        let ctx = Ctx { scope, unit: block.unit, instance: None, frame: None };
        if let Some(count) = block.attribute("count") {
            let value = self.eval(&ctx, count.expr);
            return self.counted(&value, one_or_none(count.expr));
        }
        let Some(each) = block.attribute("for_each") else {
            return Instances { shape: Shape::One, all: vec![Instance::ONLY] };
        };
        let value = self.eval(&ctx, each.expr);
        self.each(&value)
    }

    fn counted(&mut self, value: &Val, one: bool) -> Instances {
        let Some(count) = value.as_integer() else {
            let index = if one { Val::number(0, value.at) } else { unsure_key("count.index", value) };
            return unsure(value, index, None);
        };
        let count = usize::try_from(count).unwrap_or_default();
        if count > MAX_INSTANCES {
            self.met(Limit::Instances, value.at);
        }
        let instance = |index: usize| Instance {
            suffix: format!("[{index}]"),
            key: Some(Val::number(index, value.at)),
            value: None,
        };
        Instances { shape: Shape::List, all: (0..count.min(MAX_INSTANCES)).map(instance).collect() }
    }

    fn each(&mut self, value: &Val) -> Instances {
        let mut all = Vec::new();
        let mut add = |key: Val, value: Val| {
            let suffix = format!("[{}]", print::print(&key));
            all.push(Instance { suffix, key: Some(key), value: Some(value) });
        };
        match &value.kind {
            Kind::Map(members) => {
                for (key, item) in super::sorted(members) {
                    add(Val::rope(key.name.clone(), key.at), item.clone());
                }
            }
            Kind::List(items) => {
                for item in super::distinct(items) {
                    add(item.clone(), item);
                }
            }
            _ => return unsure(value, unsure_key("each.key", value), Some(unsure_key("each.value", value))),
        }
        if all.len() > MAX_INSTANCES {
            self.met(Limit::Instances, value.at);
            all.truncate(MAX_INSTANCES);
        }
        Instances { shape: Shape::Map, all }
    }

    /// A resource or data source by its address.
    pub(crate) fn resource(&mut self, scope: usize, data: bool, kind: &str, name: &str, at: Spot) -> Val {
        let found = self.scopes.get(scope).and_then(|scope| scope.folder.resources.get(&(data, kind, name)).copied());
        let address = format!("{}{kind}.{name}", if data { "data." } else { "" });
        let Some(block) = found else { return Val::fault(self.prefixed(scope, &address), at) };
        let instances = self.instances(scope, block);
        let thing = |instance| Val::new(Kind::Thing(Thing::Resource { scope, block, instance }), at);
        Self::shaped(&instances, thing, at)
    }

    /// Instances as the value that refers to all of them.
    fn shaped(instances: &Instances, thing: impl Fn(usize) -> Val, at: Spot) -> Val {
        let all = instances.all.iter().enumerate();
        match instances.shape {
            Shape::One | Shape::Unsure(_) => thing(0),
            Shape::List => Val::list(all.map(|(number, _)| thing(number)).collect(), at),
            Shape::Map => {
                let key = |instance: &Instance| {
                    let name = instance.key.as_ref().and_then(Val::as_rope).unwrap_or_default();
                    crate::value::Key { name, at }
                };
                Val::map(all.map(|(number, instance)| (key(instance), thing(number))).collect(), at)
            }
        }
    }

    /// The address of an instance, as it is called from the root module.
    pub(crate) fn address(&mut self, scope: usize, block: usize, instance: usize) -> String {
        if let Some(plan) = &self.plan {
            return plan.address(block);
        }
        let instances = self.instances(scope, block);
        let suffix = instances.all.get(instance).map_or("", |instance| instance.suffix.as_str());
        let Some(block) = self.folders.blocks.get(block) else { return String::new() };
        let data = if block.hcl.ident.value().as_str() == "data" { "data." } else { "" };
        self.prefixed(scope, &format!("{data}{}.{}{suffix}", block.label(0), block.label(1)))
    }

    /// A module call by its name.
    pub(crate) fn module(&mut self, scope: usize, name: &str, at: Spot) -> Val {
        let asked = (scope, Rc::from(name));
        if let Some(known) = self.calls.get(&asked) {
            return known.clone().moved(at);
        }
        // While it is being found out, it is unknown to itself.
        self.calls.insert(asked.clone(), Val::fault(self.prefixed(scope, &format!("module.{name}")), at));
        let value = self.call(scope, name, at);
        self.calls.insert(asked, value.clone());
        value
    }

    fn call(&mut self, scope: usize, name: &str, at: Spot) -> Val {
        let symbol = self.prefixed(scope, &format!("module.{name}"));
        let Some(block) = self.scopes.get(scope).and_then(|scope| scope.folder.calls.get(name).copied()) else {
            return Val::fault(symbol, at);
        };
        let ctx = Ctx { scope, unit: block.unit, instance: None, frame: None };
        let call_at = self.spot(&ctx, block.hcl);
        let Some((path, folder)) = self.called(scope, &block) else {
            let number = crate::source::to_u32(self.strangers.len());
            let source = source(&block).map_or_else(|| symbol.clone(), str::to_owned);
            self.strangers.push(Stranger { at: call_at, source });
            return Val::new(Kind::Unknown(Sym { from: Some(number), ..Sym::any(symbol) }), at);
        };
        let depth = self.scopes.get(scope).map_or(0, |scope| scope.depth) + 1;
        let instances = self.count(scope, &block);
        if depth > MAX_MODULE_DEPTH || self.scopes.len() + instances.all.len() > MAX_MODULES {
            self.met(Limit::Modules, call_at);
            return Val::unknown(symbol, at);
        }
        let first = self.scopes.len();
        for instance in &instances.all {
            let made = self.scope(scope, name, &block, instance, &instances.shape, (&path, folder), call_at);
            self.scopes.push(made);
        }
        let thing = |number: usize| Val::new(Kind::Thing(Thing::Module { scope: first + number }), at);
        Self::shaped(&instances, thing, at)
    }

    #[expect(clippy::too_many_arguments, reason = "all that a call consists of, used once")]
    fn scope(
        &self,
        caller: usize,
        name: &str,
        block: &Block<'a>,
        instance: &Instance,
        shape: &Shape,
        (path, folder): (&str, &'a Folder<'a>),
        at: Spot,
    ) -> Scope<'a> {
        let outer = self.scopes.get(caller);
        let dot = |address: &str| if address.is_empty() { String::new() } else { format!("{address}.") };
        let before = outer.map(|outer| dot(&outer.address)).unwrap_or_default();
        let unsure = if let Shape::Unsure(expr) = shape { Some(expr.clone()) } else { None };
        Scope {
            path: path.to_owned(),
            folder,
            root_name: outer.map(|outer| Rc::clone(&outer.root_name)).unwrap_or_default(),
            root: outer.map_or(caller, |outer| outer.root),
            address: format!("{before}module.{name}{}", instance.suffix),
            call: Some((caller, *block)),
            instance: instance.clone(),
            perhaps: unsure.or_else(|| outer.and_then(|outer| outer.perhaps.clone())),
            at,
            depth: outer.map_or(0, |outer| outer.depth) + 1,
            ours: path.is_empty() && outer.is_some(),
        }
    }

    /// The folder that a call's source names: one of the checkout, or our own description of a well-known module.
    fn called(&mut self, scope: usize, block: &Block<'a>) -> Option<(String, &'a Folder<'a>)> {
        let source = source(block)?;
        let folders: &'a Folders<'a> = self.folders;
        if source.starts_with("./") || source.starts_with("../") {
            let caller = self.scopes.get(scope)?;
            let path = joined(&caller.path, source)?;
            let folder = folders.by_path.get(path.as_str())?;
            return Some((path, folder));
        }
        let name = crate::registry::described(source)?;
        Some((String::new(), folders.ours.get(name)?))
    }

    /// All modules that are called, from a scope on.
    pub(crate) fn follow(&mut self, first: usize) {
        let mut next = first;
        while let Some(scope) = self.scopes.get(next) {
            let names: Vec<&'a str> = scope.folder.calls.keys().copied().collect();
            for name in names {
                let at = self.scopes.get(next).map(|scope| scope.at).unwrap_or_default();
                self.module(next, name, at);
            }
            next += 1;
        }
    }
}

/// The source of a module call, where it is written out.
fn source<'b>(block: &'b Block<'_>) -> Option<&'b str> {
    block.hcl.body.get_attribute("source").and_then(|found| found.value.as_str())
}

/// The one instance that stands for all, where how many there are is not known.
fn unsure(value: &Val, key: Val, item: Option<Val>) -> Instances {
    let suffix = format!("[{}]", print::print(&key));
    let all = vec![Instance { suffix, key: Some(key), value: item }];
    Instances { shape: Shape::Unsure(print::name(&print::print(value))), all }
}

/// The key or value of that instance.
fn unsure_key(name: &str, value: &Val) -> Val {
    Val::unknown(print::name(&format!("{name} of {}", print::print(value))), value.at)
}

/// Whether a count is a condition for one or none.
fn one_or_none(expr: &Expression) -> bool {
    let number = |expr: &Expression| expr.as_number().and_then(hcl_edit::Number::as_u64);
    match expr {
        Expression::Parenthesis(inner) => one_or_none(inner.inner()),
        Expression::Conditional(found) => {
            matches!((number(&found.true_expr), number(&found.false_expr)), (Some(1), Some(0)) | (Some(0), Some(1)))
        }
        _ => false,
    }
}
