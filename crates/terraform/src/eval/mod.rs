//! Evaluation of expressions, as far as files tell their values.

mod collections;
mod operators;
mod scope;
mod template;
mod traverse;
mod variables;

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use hcl_edit::Span;
use hcl_edit::expr::Expression;

use super::bounds::{MAX_DEPTH, MAX_PARTS, MAX_STEPS, MAX_TEXT};
use super::folder::Folders;
use super::parse::Unit;
use super::print;
use super::rope::Rope;
use super::source::{Sources, Spot, to_u32};
use super::value::{Kind, Sym, Val};

pub(crate) use collections::{distinct, sorted};
pub(crate) use operators::same;
pub(crate) use scope::{Instance, Instances, Scope, Shape};
pub(crate) use traverse::resolve;

/// What an expression sees around it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ctx<'f> {
    pub(crate) scope: usize,
    pub(crate) unit: usize,
    /// The instance of the block, for `each` and `count`.
    pub(crate) instance: Option<&'f Instance>,
    /// Names bound by `for` and `dynamic`.
    pub(crate) frame: Option<&'f Frame<'f>>,
}

/// Names bound around an expression.
#[derive(Debug)]
pub(crate) struct Frame<'f> {
    pub(crate) names: Vec<(&'f str, Val)>,
    pub(crate) outer: Option<&'f Frame<'f>>,
}

impl Frame<'_> {
    fn find(&self, name: &str) -> Option<&Val> {
        let here = self.names.iter().rev().find(|(bound, _)| *bound == name).map(|(_, value)| value);
        here.or_else(|| self.outer.and_then(|outer| outer.find(name)))
    }
}

impl<'f> Ctx<'f> {
    /// With more names.
    pub(crate) fn with(self, frame: &'f Frame<'f>) -> Self {
        Self { frame: Some(frame), ..self }
    }
}

/// What is evaluated once.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Asked {
    Variable(usize, Rc<str>),
    Local(usize, Rc<str>),
    Output(usize, Rc<str>),
    Attribute(usize, usize, usize, Rc<str>),
}

/// The evaluator.
#[derive(Debug)]
pub(crate) struct Eval<'a> {
    pub(crate) sources: &'a Sources<'a>,
    pub(crate) units: &'a [Unit],
    pub(crate) folders: &'a Folders<'a>,
    pub(crate) scopes: Vec<Scope<'a>>,
    memo: HashMap<Asked, Option<Val>>,
    instances: HashMap<(usize, usize), Rc<Instances>>,
    calls: HashMap<(usize, Rc<str>), Val>,
    /// The first unit of each file.
    file_units: HashMap<u32, usize>,
    pub(crate) facts: super::known::Facts,
    /// The plan that is read, where it is one.
    pub(crate) plan: Option<super::plan::Planned>,
    depth: usize,
    steps: usize,
    fresh: usize,
    /// Bounds that were met, and where first.
    pub(crate) limits: Vec<(Limit, Spot)>,
    /// Module calls that are not understood, by number in [`Sym::from`].
    pub(crate) strangers: Vec<Stranger>,
    /// Templates that were filled in.
    pub(crate) filled: BTreeSet<u32>,
    /// Numbers of strangers that a declared value hangs on.
    pub(crate) missed: BTreeSet<u32>,
}

/// A module call that is not understood.
#[derive(Debug)]
pub(crate) struct Stranger {
    pub(crate) at: Spot,
    /// Its source as it is written.
    pub(crate) source: String,
}

/// A bound that was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Limit {
    Depth,
    Steps,
    Instances,
    Modules,
    Text,
    Nodes,
}

impl<'a> Eval<'a> {
    pub(crate) fn new(sources: &'a Sources<'a>, units: &'a [Unit], folders: &'a Folders<'a>) -> Self {
        let mut file_units = HashMap::new();
        for (number, unit) in units.iter().enumerate().filter(|(_, unit)| !unit.ours) {
            file_units.entry(unit.file).or_insert(number);
        }
        Self {
            sources,
            file_units,
            units,
            folders,
            scopes: Vec::new(),
            memo: HashMap::new(),
            instances: HashMap::new(),
            calls: HashMap::new(),
            facts: super::known::Facts::default(),
            plan: None,
            depth: 0,
            steps: 0,
            fresh: 0,
            limits: Vec::new(),
            strangers: Vec::new(),
            filled: BTreeSet::new(),
            missed: BTreeSet::new(),
        }
    }

    /// The spot of a thing of the parser's; in our own description of a module, the call of the module.
    pub(crate) fn spot(&self, ctx: &Ctx<'_>, thing: &impl Span) -> Spot {
        match self.units.get(ctx.unit) {
            Some(unit) if !unit.ours => unit.spot(thing),
            _ => self.scopes.get(ctx.scope).map(|scope| scope.at).unwrap_or_default(),
        }
    }

    /// The text of an expression as it stands in its file.
    fn source(&self, ctx: &Ctx<'_>, thing: &impl Span) -> String {
        let text = self.units.get(ctx.unit).map_or("", |unit| self.sources.text(unit.spot(thing)));
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The value of an expression.
    pub(crate) fn eval(&mut self, ctx: &Ctx<'_>, expr: &Expression) -> Val {
        self.steps += 1;
        self.depth += 1;
        let value = if self.depth > MAX_DEPTH {
            self.stop(ctx, expr, Limit::Depth)
        } else if self.steps > MAX_STEPS {
            self.stop(ctx, expr, Limit::Steps)
        } else {
            self.expression(ctx, expr)
        };
        self.depth -= 1;
        value
    }

    fn stop(&mut self, ctx: &Ctx<'_>, expr: &Expression, limit: Limit) -> Val {
        let at = self.spot(ctx, expr);
        self.met(limit, at);
        Val::unknown(self.named(ctx, expr), at)
    }

    /// The unit of a file.
    pub(crate) fn unit_of(&self, file: u32) -> Option<usize> {
        self.file_units.get(&file).copied()
    }

    /// Whether a block is a data source, and its type.
    pub(crate) fn kind(&self, block: usize) -> Option<(bool, Rc<str>)> {
        if let Some(plan) = &self.plan {
            return plan.kind(block);
        }
        let block = self.folders.blocks.get(block)?;
        Some((block.hcl.ident.value().as_str() == "data", block.label(0).into()))
    }

    /// One level deeper, unless it is too deep.
    pub(crate) fn deeper<T>(&mut self, find: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        if self.depth > MAX_DEPTH {
            return None;
        }
        self.depth += 1;
        let found = find(self);
        self.depth -= 1;
        found
    }

    /// Notes a bound that was met, once each.
    pub(crate) fn met(&mut self, limit: Limit, at: Spot) {
        if !self.limits.iter().any(|(met, _)| *met == limit) {
            self.limits.push((limit, at));
        }
    }

    /// So many values were made.
    pub(crate) fn spend(&mut self, values: usize) {
        self.steps += values;
    }

    /// That nothing more is evaluated.
    pub(crate) fn spent(&self) -> bool {
        self.steps > MAX_STEPS
    }

    fn expression(&mut self, ctx: &Ctx<'_>, expr: &Expression) -> Val {
        let at = self.spot(ctx, expr);
        match expr {
            Expression::Null(_) => Val::null(at),
            Expression::Bool(truth) => Val::bool(*truth.value(), at),
            Expression::Number(number) => Val::number(number.value(), at),
            Expression::String(text) => Val::new(Kind::Text(self.literal(ctx, text.value(), expr)), at),
            Expression::Array(items) => {
                let items = items.iter().map(|item| self.eval(ctx, item)).collect();
                Val::list(items, at)
            }
            Expression::Object(object) => self.object(ctx, object, at),
            Expression::StringTemplate(template) => self.string_template(ctx, template, at),
            Expression::HeredocTemplate(heredoc) => self.heredoc(ctx, heredoc, at),
            Expression::Parenthesis(inner) => self.eval(ctx, inner.inner()),
            Expression::Variable(name) => self.bare(ctx, name.value().as_str(), at),
            Expression::Conditional(conditional) => self.conditional(ctx, conditional, at),
            Expression::FuncCall(call) => self.function(ctx, call, at),
            Expression::Traversal(traversal) => self.traversal(ctx, traversal, at),
            Expression::UnaryOp(operation) => self.unary(ctx, operation, at),
            Expression::BinaryOp(operation) => self.binary(ctx, operation, at),
            Expression::ForExpr(expr) => self.for_expression(ctx, expr, at),
        }
    }

    /// A text in quotes; its bytes stand in the file as they are unless it has escapes.
    fn literal(&self, ctx: &Ctx<'_>, text: &str, expr: &Expression) -> Rope {
        let at = self.spot(ctx, expr);
        let inner = Spot { start: at.start.saturating_add(1), end: at.end.saturating_sub(1), ..at };
        let ours = self.units.get(ctx.unit).is_none_or(|unit| unit.ours);
        if !ours && inner.start <= inner.end && self.sources.text(inner) == text {
            Rope::exact(text, inner)
        } else {
            Rope::made(text, at)
        }
    }

    fn bare(&mut self, ctx: &Ctx<'_>, name: &str, at: Spot) -> Val {
        match ctx.frame.and_then(|frame| frame.find(name)) {
            Some(value) => value.clone(),
            None => Val::fault(self.prefixed(ctx.scope, name), at),
        }
    }

    /// A name for what an expression would be: its own text, told apart where the same text means something else.
    pub(crate) fn named(&mut self, ctx: &Ctx<'_>, thing: &impl Span) -> String {
        if self.units.get(ctx.unit).is_none_or(|unit| unit.ours) {
            let name = self.prefixed(ctx.scope, "(made by the module)");
            return self.unlike(&name);
        }
        let text = print::name(&self.source(ctx, thing));
        let text = self.prefixed(ctx.scope, &text);
        if ctx.frame.is_some() || ctx.instance.is_some() { self.unlike(&text) } else { text }
    }

    /// A name that nothing else has.
    pub(crate) fn unlike(&mut self, text: &str) -> String {
        self.fresh += 1;
        format!("{text} #{}", self.fresh)
    }

    /// A name as it is called from the root module.
    pub(crate) fn prefixed(&self, scope: usize, name: &str) -> String {
        let Some(scope) = self.scopes.get(scope) else { return name.to_owned() };
        let dot = if scope.address.is_empty() { "" } else { "." };
        format!("{}{}{dot}{name}", scope.root_name, scope.address)
    }

    /// The symbol of a function or operator that cannot be computed.
    pub(crate) fn symbol(name: String, parts: &[&Val], at: Spot) -> Val {
        let from = parts.iter().find_map(|part| part.symbol().and_then(|sym| sym.from));
        let sym = Sym { from, ..Sym::any(name) };
        let faulty = parts.iter().any(|part| matches!(part.kind, Kind::Fault(_)));
        Val::new(if faulty { Kind::Fault(sym) } else { Kind::Unknown(sym) }, at)
    }

    /// A text of unknown or known parts, if it is not too long.
    pub(crate) fn bounded(&mut self, rope: Rope, at: Spot) -> Val {
        self.spend(rope.segs().len());
        if rope.length() > MAX_TEXT || rope.segs().len() > MAX_PARTS {
            self.met(Limit::Text, at);
            let name = self.unlike("(a text that is too long)");
            return Val::unknown(name, at);
        }
        Val::rope(rope, at)
    }

    /// A part of a spot, by offsets in it.
    pub(crate) fn sub_spot(at: Spot, from: usize, to: usize) -> Spot {
        Spot { file: at.file, start: at.start + to_u32(from), end: at.start + to_u32(to) }
    }
}
