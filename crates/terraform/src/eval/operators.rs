//! Operators and conditions.

use hcl_edit::expr::{BinaryOp, BinaryOperator, Conditional, UnaryOp, UnaryOperator};

use crate::print;
use crate::source::Spot;
use crate::value::{Kind, Val};

use super::{Ctx, Eval};

impl Eval<'_> {
    pub(super) fn conditional(&mut self, ctx: &Ctx<'_>, conditional: &Conditional, at: Spot) -> Val {
        let condition = self.eval(ctx, &conditional.cond_expr);
        match condition.as_bool() {
            Some(true) => self.eval(ctx, &conditional.true_expr),
            Some(false) => self.eval(ctx, &conditional.false_expr),
            None => {
                let yes = self.eval(ctx, &conditional.true_expr);
                let no = self.eval(ctx, &conditional.false_expr);
                if same(&yes, &no) == Some(true) {
                    return yes;
                }
                let (yes_name, no_name) = (self.print_thing(&yes), self.print_thing(&no));
                let name = print::name(&format!("{} ? {yes_name} : {no_name}", print::print(&condition)));
                Self::symbol(name, &[&condition], at)
            }
        }
    }

    pub(super) fn unary(&mut self, ctx: &Ctx<'_>, operation: &UnaryOp, at: Spot) -> Val {
        let value = self.eval(ctx, &operation.expr);
        match *operation.operator {
            UnaryOperator::Not => match value.as_bool() {
                Some(truth) => Val::bool(!truth, at),
                None => Self::symbol(print::name(&format!("!{}", print::print(&value))), &[&value], at),
            },
            UnaryOperator::Neg => match value.as_integer().and_then(i64::checked_neg) {
                Some(number) => Val::number(number, at),
                None => Self::symbol(print::name(&format!("-{}", print::print(&value))), &[&value], at),
            },
        }
    }

    pub(super) fn binary(&mut self, ctx: &Ctx<'_>, operation: &BinaryOp, at: Spot) -> Val {
        let operator = *operation.operator.value();
        let one = self.eval(ctx, &operation.lhs_expr);
        let two = self.eval(ctx, &operation.rhs_expr);
        let truth = match operator {
            BinaryOperator::Eq => same(&one, &two),
            BinaryOperator::NotEq => same(&one, &two).map(|same| !same),
            BinaryOperator::And => match (one.as_bool(), two.as_bool()) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            },
            BinaryOperator::Or => match (one.as_bool(), two.as_bool()) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            },
            BinaryOperator::Greater | BinaryOperator::GreaterEq | BinaryOperator::Less | BinaryOperator::LessEq => {
                compare(operator, &one, &two)
            }
            BinaryOperator::Plus
            | BinaryOperator::Minus
            | BinaryOperator::Mul
            | BinaryOperator::Div
            | BinaryOperator::Mod => {
                if let Some(number) = calculate(operator, &one, &two) {
                    return Val::number(number, at);
                }
                None
            }
        };
        if let Some(truth) = truth {
            Val::bool(truth, at)
        } else {
            let name = format!("{} {operator} {}", self.print_thing(&one), self.print_thing(&two));
            Self::symbol(print::name(&name), &[&one, &two], at)
        }
    }
}

fn compare(operator: BinaryOperator, one: &Val, two: &Val) -> Option<bool> {
    let order = one.as_integer()?.cmp(&two.as_integer()?);
    match operator {
        BinaryOperator::Greater => Some(order.is_gt()),
        BinaryOperator::GreaterEq => Some(order.is_ge()),
        BinaryOperator::Less => Some(order.is_lt()),
        BinaryOperator::LessEq => Some(order.is_le()),
        _ => None,
    }
}

/// Whole numbers only: no name or condition of a trust policy is made of others.
fn calculate(operator: BinaryOperator, one: &Val, two: &Val) -> Option<i64> {
    let (one, two) = (one.as_integer()?, two.as_integer()?);
    match operator {
        BinaryOperator::Plus => one.checked_add(two),
        BinaryOperator::Minus => one.checked_sub(two),
        BinaryOperator::Mul => one.checked_mul(two),
        BinaryOperator::Div if one.checked_rem(two) == Some(0) => one.checked_div(two),
        BinaryOperator::Mod => one.checked_rem(two),
        _ => None,
    }
}

/// Whether two values are the same; `None` where it is not known.
pub(crate) fn same(one: &Val, two: &Val) -> Option<bool> {
    match (&one.kind, &two.kind) {
        (Kind::Unknown(one), Kind::Unknown(two)) => (one.name == two.name).then_some(true),
        (Kind::Unknown(sym), Kind::Null) | (Kind::Null, Kind::Unknown(sym)) => sym.sure.then_some(false),
        (Kind::Unknown(_), Kind::Text(_)) | (Kind::Text(_), Kind::Unknown(_)) => texts(one, two),
        (Kind::Thing(one), Kind::Thing(two)) => Some(one == two),
        (Kind::Unknown(_) | Kind::Fault(_) | Kind::Thing(_), _)
        | (_, Kind::Unknown(_) | Kind::Fault(_) | Kind::Thing(_)) => None,
        (Kind::Null, Kind::Null) => Some(true),
        (Kind::Bool(one), Kind::Bool(two)) => Some(one == two),
        (Kind::Number(_), Kind::Number(_)) | (Kind::Text(_) | Kind::Json(_), Kind::Text(_) | Kind::Json(_)) => {
            texts(one, two)
        }
        (Kind::List(one), Kind::List(two)) => {
            if one.len() != two.len() {
                return Some(false);
            }
            all(one.iter().zip(two.iter()).map(|(one, two)| same(one, two)))
        }
        (Kind::Map(one), Kind::Map(two)) => maps(one, two),
        _ => Some(false),
    }
}

fn maps(one: &[(crate::value::Key, Val)], two: &[(crate::value::Key, Val)]) -> Option<bool> {
    if one.len() != two.len() {
        return None;
    }
    let (one, two) = (super::collections::sorted(one), super::collections::sorted(two));
    all(one.iter().zip(&two).flat_map(|((key, one), (other, two))| {
        let names = if key.name.same(&other.name) {
            Some(true)
        } else {
            (key.name.known().is_some() && other.name.known().is_some()).then_some(false)
        };
        [names, same(one, two)]
    }))
}

fn all(answers: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut known = Some(true);
    for answer in answers {
        match answer {
            Some(false) => return Some(false),
            Some(true) => {}
            None => known = None,
        }
    }
    known
}

fn texts(one: &Val, two: &Val) -> Option<bool> {
    let (one, two) = (one.as_rope()?, two.as_rope()?);
    if one.same(&two) {
        Some(true)
    } else if one.differs(&two) {
        Some(false)
    } else {
        None
    }
}
