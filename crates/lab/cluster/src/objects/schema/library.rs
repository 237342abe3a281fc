//! Kubernetes' own functions of CEL (Kubernetes documentation, "CEL in Kubernetes", "Kubernetes list library", "regex
//! library", "quantity library", "IP address library"; `k8s.io/apiserver`, `pkg/cel/library`).
//!
//! A duration is its nanoseconds here, and a time those since 1970: they are compared, added and taken apart alike.
//!
//! Deliberately absent: parts of a time, URLs but whether one is one, the authoriser, formats, CIDR arithmetic.

use std::{cmp::Ordering, net::IpAddr, sync::Arc};

use cel::{Context, DeclarationError, ExecutionError, Value as Cel, extractors::This, objects::Opaque};

use super::scalars;
use crate::objects::quantity::{NANO, parse};

type Found = Result<Cel, ExecutionError>;

/// A quantity, in billionths.
#[derive(Debug, PartialEq, Eq)]
struct Quantity(i128);

impl Opaque for Quantity {
    fn runtime_type_name(&self) -> &'static str {
        "kubernetes.Quantity"
    }
}

fn wrong(function: &str, why: &str) -> ExecutionError {
    ExecutionError::function_error(function, why)
}

/// A value of a type that this library does nothing with, which whoever evaluates takes for unknown.
fn other(value: &Cel, want: &str) -> ExecutionError {
    ExecutionError::UnexpectedType { got: value.type_of().to_string(), want: want.to_owned() }
}

fn amount(value: &Cel) -> Result<i128, ExecutionError> {
    let own = if let Cel::Opaque(opaque) = value {
        opaque.downcast_ref::<Quantity>().map(|quantity| quantity.0)
    } else if let Cel::Int(number) = value {
        i128::from(*number).checked_mul(NANO)
    } else {
        None
    };
    own.ok_or_else(|| other(value, "quantity"))
}

fn quantity(nano: Option<i128>) -> Found {
    nano.map(|nano| Cel::Opaque(Arc::new(Quantity(nano)))).ok_or_else(|| wrong("quantity", "the sum is too large"))
}

fn items(value: &Cel) -> Result<&[Cel], ExecutionError> {
    if let Cel::List(items) = value { Ok(items) } else { Err(other(value, "list")) }
}

fn order(a: &Cel, b: &Cel) -> Result<Ordering, ExecutionError> {
    a.partial_cmp(b).ok_or_else(|| ExecutionError::ValuesNotComparable(a.clone(), b.clone()))
}

/// The item that none stands before (or after) in order.
fn extreme(list: &Cel, wanted: Ordering, name: &str) -> Found {
    let list = items(list)?;
    let mut found = list.first().ok_or_else(|| wrong(name, &format!("{name} called on empty list")))?;
    for item in list {
        if order(item, found)? == wanted {
            found = item;
        }
    }
    Ok(found.clone())
}

fn expression(text: &str) -> Result<regex::Regex, ExecutionError> {
    scalars::pattern(text).map_err(|why| wrong("find", &format!("Illegal regex: {why}")))
}

fn text(found: &str) -> Cel {
    Cel::String(Arc::new(found.to_owned()))
}

fn is_sorted(list: &Cel) -> Found {
    for pair in items(list)?.windows(2) {
        if let [a, b] = pair
            && order(a, b)? == Ordering::Greater
        {
            return Ok(Cel::Bool(false));
        }
    }
    Ok(Cel::Bool(true))
}

fn sum(list: &Cel) -> Found {
    let (mut whole, mut broken, mut fractions) = (0_i64, 0.0_f64, false);
    for item in items(list)? {
        if let Cel::Int(number) = item {
            whole = whole.checked_add(*number).ok_or_else(|| wrong("sum", "integer overflow"))?;
        } else if let Cel::Float(number) = item {
            broken += number;
            fractions = true;
        } else {
            return Err(other(item, "number"));
        }
    }
    Ok(if fractions { Cel::Float(broken) } else { Cel::Int(whole) })
}

fn compared(a: &Cel, b: &Cel) -> Result<Ordering, ExecutionError> {
    Ok(amount(a)?.cmp(&amount(b)?))
}

/// Nanoseconds of a time since 1970, from 1677 until 2262.
pub(super) fn since_1970(text: &str) -> Option<i64> {
    i64::try_from(text.parse::<jiff::Timestamp>().ok()?.as_nanosecond()).ok()
}

/// Makes the functions known to an evaluation.
pub(super) fn add(context: &mut Context<'_, '_>) -> Result<(), DeclarationError> {
    context.add_function("find", |This(whole): This<Arc<String>>, pattern: Arc<String>| -> Found {
        Ok(text(expression(&pattern)?.find(&whole).map_or("", |found| found.as_str())))
    })?;
    context.add_function("findAll", |This(whole): This<Arc<String>>, pattern: Arc<String>| -> Found {
        let found = expression(&pattern)?.find_iter(&whole).map(|found| text(found.as_str())).collect();
        Ok(Cel::List(Arc::new(found)))
    })?;
    context.add_function("isSorted", |This(list): This<Cel>| is_sorted(&list))?;
    context.add_function("sum", |This(list): This<Cel>| sum(&list))?;
    context.add_function("min", |This(list): This<Cel>| extreme(&list, Ordering::Less, "min"))?;
    context.add_function("max", |This(list): This<Cel>| extreme(&list, Ordering::Greater, "max"))?;
    context.add_function("duration", |text: Arc<String>| -> Found {
        let why = || wrong("duration", &format!("time: invalid duration \"{text}\""));
        scalars::nanoseconds(&text).map(Cel::Int).ok_or_else(why)
    })?;
    context.add_function("timestamp", |text: Arc<String>| -> Found {
        let why = || wrong("timestamp", &format!("parsing time \"{text}\": it is no time of RFC 3339"));
        since_1970(&text).map(Cel::Int).ok_or_else(why)
    })?;
    for (name, unit) in
        [("getHours", 3_600_000_000_000), ("getMinutes", 60_000_000_000), ("getSeconds", 1_000_000_000_i64)]
    {
        context.add_function(name, move |This(nano): This<i64>| nano / unit)?;
    }
    context.add_function("isIP", |text: Arc<String>| text.parse::<IpAddr>().is_ok())?;
    context.add_function("isCIDR", |text: Arc<String>| scalars::formatted("cidr", &text))?;
    context.add_function("isURL", |text: Arc<String>| scalars::formatted("uri", &text))?;
    context.add_function("isQuantity", |text: Arc<String>| parse(&text).is_some())?;
    context.add_function("quantity", |text: Arc<String>| -> Found {
        let why = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
        quantity(Some(parse(&text).ok_or_else(|| wrong("quantity", why))?))
    })?;
    context.add_function("isLessThan", |This(a): This<Cel>, b: Cel| -> Found {
        Ok(Cel::Bool(compared(&a, &b)? == Ordering::Less))
    })?;
    context.add_function("isGreaterThan", |This(a): This<Cel>, b: Cel| -> Found {
        Ok(Cel::Bool(compared(&a, &b)? == Ordering::Greater))
    })?;
    context.add_function("compareTo", |This(a): This<Cel>, b: Cel| -> Found {
        Ok(Cel::Int(match compared(&a, &b)? {
            Ordering::Less => -1,
            Ordering::Equal => 0,
            Ordering::Greater => 1,
        }))
    })?;
    context.add_function("add", |This(a): This<Cel>, b: Cel| quantity(amount(&a)?.checked_add(amount(&b)?)))?;
    context.add_function("sub", |This(a): This<Cel>, b: Cel| quantity(amount(&a)?.checked_sub(amount(&b)?)))?;
    context.add_function("sign", |This(a): This<Cel>| -> Found {
        Ok(Cel::Int(i64::try_from(amount(&a)?.signum()).unwrap_or_default()))
    })?;
    context.add_function("isInteger", |This(a): This<Cel>| -> Found {
        let nano = amount(&a)?;
        Ok(Cel::Bool(nano % NANO == 0 && i64::try_from(nano / NANO).is_ok()))
    })?;
    context.add_function("asInteger", |This(a): This<Cel>| -> Found {
        let nano = amount(&a)?;
        let whole = i64::try_from(nano / NANO).ok().filter(|_| nano % NANO == 0);
        whole.map(Cel::Int).ok_or_else(|| wrong("asInteger", "cannot convert value to integer"))
    })
}

#[cfg(test)]
mod tests {
    use super::super::conditions::{Outcome, compile, evaluate};

    #[test]
    fn functions_of_kubernetes_are_known() {
        let run = |text: &str| evaluate(&compile(text).unwrap(), &[]);
        for holds in [
            "'karpenter.sh/pool'.find('^([^/]+)') == 'karpenter.sh'",
            "'abc'.find('[0-9]') == '' && 'a1b22'.findAll('[0-9]+') == ['1', '22']",
            "[1, 2, 2].isSorted() && !['b', 'a'].isSorted() && [1, 2].sum() == 3",
            "[3, 1, 2].min() == 1 && [3, 1, 2].max() == 3",
            "duration('90s') <= duration('2m') && duration('1h') - duration('30m') == duration('30m')",
            "duration('1h30m').getMinutes() == 90",
            "timestamp('2026-03-01T12:00:00Z') < timestamp('2026-03-01T13:30:00+01:00')",
            "isIP('::1') && !isIP('10.0.0') && isCIDR('10.0.0.0/8') && !isCIDR('10.0.0.0/33')",
            "isURL('https://example.com/a') && !isURL('example')",
            "quantity('1Gi').isGreaterThan(quantity('1G')) && quantity('100m').isLessThan(quantity('0.2'))",
            "quantity('1.5k').compareTo(quantity('1500')) == 0 && quantity('-1').sign() == -1",
            "quantity('1').add(quantity('500m')).compareTo(quantity('1.5')) == 0",
            "quantity('2e3').asInteger() == 2000",
            "isQuantity('12Mi') && !isQuantity('12 Mi') && !isQuantity('') && !quantity('0.5').isInteger()",
            "quantity('1').sub(1) == quantity('0')",
        ] {
            assert_eq!(run(holds), Outcome::Truth(true), "{holds}");
        }
        assert!(matches!(run("quantity('much').isInteger()"), Outcome::Failed(why) if why.contains("quantities must")));
        assert!(matches!(run("duration('soon') > duration('1s')"), Outcome::Failed(why) if why.contains("soon")));
        assert!(matches!(run("[].min() == 1"), Outcome::Failed(why) if why.contains("empty list")));
        assert!(matches!(run("'a'.find('(') == ''"), Outcome::Failed(why) if why.contains("Illegal regex")));
        assert_eq!(run("ip('10.0.0.1').family() == 4"), Outcome::Unknown);
    }
}
