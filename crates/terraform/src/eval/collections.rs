//! Objects, `for` expressions, nested and dynamic blocks.

use std::rc::Rc;

use hcl_edit::expr::{ForExpr, Object, ObjectKey};
use hcl_edit::structure::{Block as HclBlock, Body, Structure};

use crate::bounds::MAX_INSTANCES;
use crate::print;
use crate::rope::Rope;
use crate::source::Spot;
use crate::value::{Key, Kind, Val};

use super::{Ctx, Eval, Frame, Limit};

/// Members in the order in which Terraform goes through them: by name.
pub(crate) fn sorted(members: &[(Key, Val)]) -> Vec<(Key, Val)> {
    let mut sorted: Vec<_> = members.iter().map(|member| (member.0.name.to_text(), member.clone())).collect();
    sorted.sort_by(|one, two| one.0.cmp(&two.0));
    sorted.into_iter().map(|(_, member)| member).collect()
}

/// The items of a set: each once, texts in their order.
pub(crate) fn distinct(items: &[Val]) -> Vec<Val> {
    let mut kept: Vec<(String, Val)> = items.iter().map(|item| (print::print(item), item.clone())).collect();
    kept.sort_by(|one, two| one.0.cmp(&two.0));
    kept.dedup_by(|one, two| one.0 == two.0);
    kept.into_iter().map(|(_, item)| item).collect()
}

impl Eval<'_> {
    pub(super) fn object(&mut self, ctx: &Ctx<'_>, object: &Object, at: Spot) -> Val {
        let mut members: Vec<(Key, Val)> = Vec::new();
        for (key, value) in object {
            let start = match key {
                ObjectKey::Ident(name) => self.spot(ctx, name),
                ObjectKey::Expression(expr) => self.spot(ctx, expr),
            };
            let unit = self.units.get(ctx.unit);
            // A key that stands a second time: the last counts.
            if let Some(name) = unit.and_then(|unit| unit.renamed.get(&start.start)) {
                let key = Key { name: Rope::made(name.as_str(), start), at: start };
                let value = self.eval(ctx, value.expr());
                members.retain(|(known, _)| !known.name.same(&key.name));
                members.push((key, value));
                continue;
            }
            let key = match key {
                ObjectKey::Ident(name) => {
                    let at = self.spot(ctx, name);
                    Key { name: Rope::made(name.value().as_str(), at), at }
                }
                ObjectKey::Expression(expr) => {
                    let at = self.spot(ctx, expr);
                    let name = self.eval(ctx, expr);
                    let unnamed = || Rope::made("", at);
                    Key { name: name.as_rope().unwrap_or_else(unnamed), at }
                }
            };
            members.push((key, self.eval(ctx, value.expr())));
        }
        Val::map(members, at)
    }

    pub(super) fn for_expression(&mut self, ctx: &Ctx<'_>, expr: &ForExpr, at: Spot) -> Val {
        let collection = self.eval(ctx, &expr.intro.collection_expr);
        let Some(items) = self.elements(&collection) else {
            return Self::symbol(self.named(ctx, expr), &[&collection], at);
        };
        let mut list = Vec::new();
        let mut map: Vec<(Key, Val)> = Vec::new();
        let key_name = expr.intro.key_var.as_ref().map(|name| name.value().as_str());
        for (key, item) in items {
            let mut names = vec![(expr.intro.value_var.value().as_str(), item)];
            names.extend(key_name.map(|name| (name, key)));
            let frame = Frame { names, outer: ctx.frame };
            let inner = ctx.with(&frame);
            if let Some(condition) = &expr.cond {
                match self.eval(&inner, &condition.expr).as_bool() {
                    Some(true) => {}
                    Some(false) => continue,
                    None => return Self::symbol(self.named(ctx, expr), &[], at),
                }
            }
            let value = self.eval(&inner, &expr.value_expr);
            match &expr.key_expr {
                None => list.push(value),
                Some(key) => {
                    let at = self.spot(&inner, key);
                    let name = self.eval(&inner, key).as_rope().unwrap_or_default();
                    self.spend(map.len() / 64);
                    add(&mut map, Key { name, at }, value, expr.grouping);
                }
            }
        }
        if expr.key_expr.is_some() { Val::map(map, at) } else { Val::list(list, at) }
    }

    /// Keys and items of a collection, in the order in which Terraform goes through it; `None` where it is unknown.
    pub(super) fn elements(&mut self, collection: &Val) -> Option<Vec<(Val, Val)>> {
        let items: Vec<(Val, Val)> = match &collection.kind {
            Kind::List(items) => {
                items.iter().enumerate().map(|(number, item)| (Val::number(number, item.at), item.clone())).collect()
            }
            Kind::Map(members) => {
                sorted(members).into_iter().map(|(key, item)| (Val::rope(key.name, key.at), item)).collect()
            }
            _ => return None,
        };
        self.spend(items.len());
        (!self.spent()).then_some(items)
    }

    /// The blocks of a name in a body, also those that `dynamic` makes, each as a map of its attributes and blocks.
    pub(crate) fn nested(&mut self, ctx: &Ctx<'_>, body: &Body, name: &str) -> Vec<Val> {
        let mut found = Vec::new();
        for block in body.blocks() {
            if block.ident.value().as_str() == name {
                found.push(self.block(ctx, &block.body, self.spot(ctx, block)));
            } else if block.ident.value().as_str() == "dynamic"
                && block.labels.first().is_some_and(|l| l.as_str() == name)
            {
                self.dynamic(ctx, block, name, &mut found);
            }
        }
        found
    }

    fn dynamic(&mut self, ctx: &Ctx<'_>, block: &HclBlock, name: &str, found: &mut Vec<Val>) {
        let at = self.spot(ctx, block);
        let content = block.body.blocks().find(|inner| inner.ident.value().as_str() == "content");
        let each = block.body.get_attribute("for_each");
        let (Some(content), Some(each)) = (content, each) else { return };
        let iterator = block.body.get_attribute("iterator").and_then(|found| found.value.as_variable());
        let bound = iterator.map_or(name, |name| name.as_str());
        let collection = self.eval(ctx, &each.value);
        let Some(items) = self.elements(&collection) else {
            // Whether it is there at all is not known, nor how often.
            found.push(Self::symbol(self.named(ctx, block), &[&collection], at));
            return;
        };
        if items.len() > MAX_INSTANCES {
            self.met(Limit::Instances, at);
        }
        for (key, item) in items.into_iter().take(MAX_INSTANCES) {
            let pair = Val::map(vec![(Self::named_key("key", at), key), (Self::named_key("value", at), item)], at);
            let frame = Frame { names: vec![(bound, pair)], outer: ctx.frame };
            found.push(self.block(&ctx.with(&frame), &content.body, self.spot(ctx, content)));
        }
    }

    /// A body as a map: attributes that are not null, and the blocks of each name as a list.
    pub(crate) fn block(&mut self, ctx: &Ctx<'_>, body: &Body, at: Spot) -> Val {
        let mut members: Vec<(Key, Val)> = Vec::new();
        let mut names: Vec<Rc<str>> = Vec::new();
        for structure in body {
            match structure {
                Structure::Attribute(attribute) => {
                    let value = self.eval(ctx, &attribute.value);
                    if !value.is_null() {
                        let key = Self::named_key(attribute.key.value().as_str(), self.spot(ctx, &attribute.key));
                        members.push((key, value));
                    }
                }
                Structure::Block(block) => {
                    let ident = block.ident.value().as_str();
                    let name = match (ident, block.labels.first()) {
                        ("dynamic", Some(label)) => label.as_str(),
                        _ => ident,
                    };
                    if !names.iter().any(|known| &**known == name) {
                        names.push(name.into());
                        let blocks = self.nested(ctx, body, name);
                        members.push((Self::named_key(name, self.spot(ctx, block)), Val::list(blocks, at)));
                    }
                }
            }
        }
        Val::map(members, at)
    }
}

/// Adds a member of a `for` expression: grouped, or in place of one of the same name.
fn add(map: &mut Vec<(Key, Val)>, key: Key, value: Val, grouping: bool) {
    let known = map.iter_mut().find(|(name, _)| name.name.same(&key.name));
    match known {
        Some((_, group)) if grouping => {
            let mut items = group.as_list().unwrap_or_default().to_vec();
            items.push(value);
            *group = Val::list(items, group.at);
        }
        Some((_, old)) => *old = value,
        None if grouping => {
            let at = value.at;
            map.push((key, Val::list(vec![value], at)));
        }
        None => map.push((key, value)),
    }
}
