//! Expressions in CEL, as definitions and admission have them (Kubernetes documentation, "Common Expression Language in
//! Kubernetes").
//!
//! Deliberately absent: what [`super::library`] lacks. An expression that needs it comes to nothing, and what it would
//! refuse is taken.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock},
};

pub(crate) use cel::Value as Cel;
use cel::{
    Context, Env, ExecutionError, IdedExpr, Program,
    common::ast::{EntryExpr, Expr, MapExpr, StructExpr},
    extensions,
    objects::{Key, Map},
};
use serde_json::Value;

use super::library;

/// Longest expression, characters (`cel-go`, `parser.ExpressionSizeCodePointLimit`).
const LONGEST: usize = 100_000;
/// Most steps that hang one on the other (`a.b + c[d]` has three). Expressions are walked by recursion, and the parser
/// bounds only what is nested by brackets; the API server bounds what an expression costs.
const DEEPEST: usize = 100;
/// Most signs of an expression that may be such steps: what it is dropped by recurses, too. Rules of well-known charts
/// have less than two hundred.
const MOST_STEPS: usize = 400;
/// Room for the deepest expression, bytes of stack: a step takes up to 60 KiB of it where nothing is optimised. Only
/// what is used of it is taken.
const ROOM: usize = 32 << 20;

static ENVIRONMENT: LazyLock<Arc<Env>> = LazyLock::new(|| {
    let mut env = Env::stdlib().with_optional_support(true);
    // Adding them to a fresh environment conflicts with nothing.
    for extension in [extensions::strings, extensions::lists, extensions::math] {
        let _ = env.add_extension(extension);
    }
    Arc::new(env)
});

/// What an expression came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// True or false.
    Truth(bool),
    /// A text.
    Text(String),
    /// It failed, as the API server's would.
    Failed(String),
    /// It needs what is not here.
    Unknown,
}

/// Runs what reads or evaluates expressions where there is room for the deepest; nothing where there is none.
pub(crate) fn apart<T: Send>(work: impl FnOnce() -> T + Send) -> Option<T> {
    let place = std::thread::Builder::new().stack_size(ROOM);
    std::thread::scope(|scope| place.spawn_scoped(scope, work).ok()?.join().ok())
}

/// Reads an expression, [`apart`]; a complaint says why it is none.
pub(crate) fn compile(expression: &str) -> Result<Program, String> {
    if expression.chars().count() > LONGEST {
        return Err(format!("compilation failed: ERROR: expression code point size exceeds limit: {LONGEST}"));
    }
    if expression.matches(['.', '+', '-', '*', '/', '%', '[', '(']).count() > MOST_STEPS {
        return Err(format!("compilation failed: ERROR: it has more than {MOST_STEPS} operators"));
    }
    let program = ENVIRONMENT.compile(expression).map_err(|error| format!("compilation failed: {error}"))?;
    if deeper(program.expression(), DEEPEST) {
        return Err(format!("compilation failed: ERROR: more than {DEEPEST} operators hang one on the other"));
    }
    Ok(program)
}

/// Whether steps of an expression hang one on the other further than so.
fn deeper(whole: &IdedExpr, most: usize) -> bool {
    let mut left = vec![(whole, 1)];
    while let Some((at, depth)) = left.pop() {
        if depth > most {
            return true;
        }
        let mut down = |inner| left.push((inner, depth + 1));
        match &at.expr {
            Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) => {}
            Expr::Call(call) => call.target.as_deref().into_iter().chain(&call.args).for_each(down),
            Expr::Select(select) => down(&select.operand),
            Expr::List(list) => list.elements.iter().for_each(down),
            Expr::Comprehension(of) => {
                [&of.iter_range, &of.accu_init, &of.loop_cond, &of.loop_step, &of.result].into_iter().for_each(down);
            }
            Expr::Map(MapExpr { entries }) | Expr::Struct(StructExpr { entries, .. }) => {
                for entry in entries {
                    match &entry.expr {
                        EntryExpr::StructField(field) => down(&field.value),
                        EntryExpr::MapEntry(entry) => [&entry.key, &entry.value].into_iter().for_each(&mut down),
                    }
                }
            }
        }
    }
    false
}

/// Evaluates an expression with its variables, [`apart`].
pub(crate) fn evaluate(program: &Program, variables: &[(&str, Cel)]) -> Outcome {
    match executed(program, variables) {
        Ok(Cel::Bool(truth)) => Outcome::Truth(truth),
        Ok(Cel::String(text)) => Outcome::Text(text.as_ref().clone()),
        Err(ExecutionError::FunctionError { message, .. }) => Outcome::Failed(message),
        Err(ExecutionError::NoSuchKey(key)) => Outcome::Failed(format!("no such key: {key}")),
        Err(error @ (ExecutionError::DivisionByZero(_) | ExecutionError::IndexOutOfBounds(_))) => {
            Outcome::Failed(error.to_string())
        }
        // Types are checked when an expression is saved: what fails otherwise is lacking here.
        Ok(_) | Err(_) => Outcome::Unknown,
    }
}

/// What an expression comes to, [`apart`], whatever it is; nothing where it fails.
pub(crate) fn value(program: &Program, variables: &[(&str, Cel)]) -> Option<Cel> {
    executed(program, variables).ok()
}

fn executed(program: &Program, variables: &[(&str, Cel)]) -> Result<Cel, ExecutionError> {
    let mut context = Context::with_env(Arc::clone(&ENVIRONMENT));
    // Their names are those of no other library.
    let _ = library::add(&mut context);
    for (name, value) in variables {
        context.add_variable_from_value(*name, value.clone());
    }
    program.execute(&context)
}

/// A value without a schema: numbers with a fraction are doubles, others integers.
pub(crate) fn plain(value: &Value) -> Cel {
    match value {
        Value::Null => Cel::Null,
        Value::Bool(truth) => Cel::Bool(*truth),
        Value::Number(number) => {
            number.as_i64().map_or_else(|| Cel::Float(number.as_f64().unwrap_or_default()), Cel::Int)
        }
        Value::String(text) => Cel::String(Arc::new(text.clone())),
        Value::Array(items) => Cel::List(Arc::new(items.iter().map(plain).collect())),
        Value::Object(members) => map(members.iter().map(|(name, value)| (name.clone(), plain(value)))),
    }
}

/// A map of names to values.
pub(crate) fn map(members: impl Iterator<Item = (String, Cel)>) -> Cel {
    let map: HashMap<Key, Cel> = members.map(|(name, value)| (Key::String(Arc::new(name)), value)).collect();
    Cel::Map(Map { map: Arc::new(map) })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn expressions_come_to_a_truth_a_text_a_failure_or_nothing() {
        let object = plain(&json!({"spec": {"replicas": 3, "names": ["a", "b"], "labels": {"x": "1"}}}));
        let run = |text: &str| evaluate(&compile(text).unwrap(), &[("object", object.clone())]);
        assert_eq!(run("object.spec.replicas <= 5"), Outcome::Truth(true));
        assert_eq!(run("object.spec.names.all(n, n.matches('^[a-z]$'))"), Outcome::Truth(true));
        assert_eq!(run("has(object.spec.other)"), Outcome::Truth(false));
        assert_eq!(run("'x' in object.spec.labels && size(object.spec.names) == 3"), Outcome::Truth(false));
        assert_eq!(run("'at most ' + string(object.spec.replicas)"), Outcome::Text("at most 3".into()));
        assert_eq!(run("object.spec.other == 1"), Outcome::Failed("no such key: other".into()));
        assert_eq!(run("url('https://a.example').getHost() == 'b'"), Outcome::Unknown);
        assert!(compile("object.spec.").is_err() && compile(&"(".repeat(5000)).is_err());
    }

    #[test]
    fn expressions_are_bounded_in_what_hangs_one_on_the_other() {
        let sum = |terms: usize| vec!["1"; terms].join("+") + " > 0";
        let nested = |open: &str, inner: &str, close: &str, times: usize| {
            [open.repeat(times), inner.to_owned(), close.repeat(times)].concat()
        };
        let run = |text: &str| apart(|| compile(text).map(|program| evaluate(&program, &[]))).unwrap();
        assert_eq!(run(&sum(DEEPEST - 2)), Ok(Outcome::Truth(true)));
        assert!(run(&sum(MOST_STEPS)).unwrap_err().contains("hang one on the other"));
        for long in [sum(40_000), "a".to_owned() + &".a".repeat(40_000), "a".to_owned() + &"[0]".repeat(30_000)] {
            assert!(run(&long).unwrap_err().contains("more than 400 operators"));
        }
        // What stands side by side is no matter.
        assert_eq!(run(&vec!["'a.b' in ['c.d']"; 80].join(" || ")), Ok(Outcome::Truth(false)));
        assert_eq!(run(&nested("[1].all(x, ", "x == 1", ")", 12)), Ok(Outcome::Truth(true)));
        // Whatever is nested is refused, or comes to something.
        for (open, close) in [("!", ""), ("-", ""), ("true?1:", ""), ("(", ")"), ("[", "]"), ("{1:", "}")] {
            for times in [40, 95, 399] {
                let _ = run(&nested(open, "1", close, times));
            }
        }
        assert!(run(&nested("[1].all(x, ", "true", ")", 60)).is_err());
    }
}
