//! Terraform's functions: <https://developer.hashicorp.com/terraform/language/functions>.

mod encode;
mod files;
mod lists;
mod maps;
mod text;

use hcl_edit::expr::FuncCall;

use super::eval::{Ctx, Eval};
use super::print;
use super::rope::Rope;
use super::source::Spot;
use super::value::{Kind, Val};

/// What a function comes to: a value, or nothing where its arguments are not known enough.
type Outcome = Option<Val>;

impl Eval<'_> {
    pub(super) fn function(&mut self, ctx: &Ctx<'_>, call: &FuncCall, at: Spot) -> Val {
        let spaces = call.name.namespace.iter().map(|part| part.value().as_str());
        let name = spaces.chain([call.name.name.value().as_str()]).collect::<Vec<_>>().join("::");
        match name.strip_prefix("core::").unwrap_or(&name) {
            "try" => return self.try_each(ctx, call, at),
            "can" => {
                let value = call.args.get(0).map(|arg| self.eval(ctx, arg));
                return match value.as_ref().map(|value| &value.kind) {
                    Some(Kind::Fault(_)) => Val::bool(false, at),
                    Some(Kind::Unknown(sym)) if sym.risky => Val::unknown(self.named(ctx, call), at),
                    _ => Val::bool(true, at),
                };
            }
            _ => {}
        }
        let mut args: Vec<Val> = call.args.iter().map(|arg| self.eval(ctx, arg)).collect();
        if call.args.expand_final()
            && let Some(last) = args.pop()
        {
            match last.as_list() {
                Some(items) => args.extend(items.iter().cloned()),
                None => return Self::symbol(print::call(&name, std::slice::from_ref(&last)), &[&last], at),
            }
        }
        self.apply(ctx, name.strip_prefix("core::").unwrap_or(&name), &args, at)
    }

    /// A function of values.
    fn apply(&mut self, ctx: &Ctx<'_>, name: &str, args: &[Val], at: Spot) -> Val {
        self.spend(args.len());
        let parts: Vec<&Val> = args.iter().collect();
        if args.iter().any(|arg| matches!(arg.kind, Kind::Fault(_))) {
            return Self::symbol(print::call(name, args), &parts, at);
        }
        match name {
            "uuid" | "bcrypt" => return Val::unknown(self.unlike(&print::call(name, args)), at),
            "timestamp" | "plantimestamp" => return Val::unknown(format!("{name}()"), at),
            _ => {}
        }
        let done = self
            .file_function(ctx, name, args, at)
            .or_else(|| encode::call(name, args, at))
            .or_else(|| text::call(name, args, at))
            .or_else(|| lists::call(name, args, at))
            .or_else(|| maps::call(name, args, at));
        if let Some(value) = done {
            self.spend(weight(&value));
            match &value.kind {
                Kind::Text(rope) => self.bounded(rope.clone(), value.at),
                _ => value,
            }
        } else {
            let shown: Vec<Val> = args.iter().map(|arg| self.shown(arg)).collect();
            Self::symbol(print::call(name, &shown), &parts, at)
        }
    }

    /// A value as it is written in a symbol: things by their address.
    fn shown(&mut self, value: &Val) -> Val {
        match &value.kind {
            Kind::Thing(_) => Val::unknown(self.print_thing(value), value.at),
            Kind::List(items) => {
                let items = items.clone();
                Val::list(items.iter().map(|item| self.shown(item)).collect(), value.at)
            }
            _ => value.clone(),
        }
    }

    /// The first argument that is no fault; what follows one that is not known is not known either.
    fn try_each(&mut self, ctx: &Ctx<'_>, call: &FuncCall, at: Spot) -> Val {
        let mut seen = Vec::new();
        for arg in &call.args {
            let value = self.eval(ctx, arg);
            match &value.kind {
                Kind::Fault(_) => {}
                Kind::Unknown(sym) if sym.risky && call.args.len() > 1 => {
                    seen.push(value);
                    let rest: Vec<Val> = call.args.iter().skip(seen.len()).map(|arg| self.eval(ctx, arg)).collect();
                    seen.extend(rest);
                    let from = seen.first().and_then(|value| value.symbol().and_then(|sym| sym.from));
                    let sym = super::value::Sym { from, ..super::value::Sym::any(print::call("try", &seen)) };
                    return Val::new(Kind::Unknown(sym), at);
                }
                _ => return value,
            }
        }
        Val::fault(self.named(ctx, call), at)
    }
}

/// How many values a value has at its first level.
fn weight(value: &Val) -> usize {
    value.as_list().map_or_else(|| value.as_map().map_or(1, <[_]>::len), <[_]>::len)
}

/// A value as text, where it is a number or truth value.
pub(crate) fn to_text(value: Val) -> Val {
    match &value.kind {
        Kind::Number(number) => Val::rope(Rope::made(number.clone(), value.at), value.at),
        Kind::Bool(truth) => Val::text(if *truth { "true" } else { "false" }, value.at),
        _ => value,
    }
}

/// What Terraform would refuse.
#[expect(clippy::unnecessary_wraps, reason = "it stands where functions give what they come to")]
fn fault(name: &str, args: &[Val], at: Spot) -> Outcome {
    Some(Val::fault(print::call(name, args), at))
}

/// A text without what it begins with; `None` where that is not known.
pub(crate) fn without_prefix(text: &Val, prefix: &str) -> Outcome {
    text::call("trimprefix", &[text.clone(), Val::text(prefix, text.at)], text.at)
}
