//! A plan from a file that anybody may have written: read strictly, and nothing in it believed.

use std::fmt;

use serde_json::Value;
use trustwalk_foreign::visible;

use super::{Checked, PLAN_VERSION, PlanDocument, PlannedStep, digest, undo};
use crate::plan::check::{self, Unfit};
use crate::plan::describe::describe;
use crate::plan::receipt::{Fault, check_steps, check_target, is_causes};

/// Largest plan: that of a receipt, which holds the same steps.
pub const PLAN_BYTES: u64 = 4 << 20;
/// Longest name of a version, a region or a cluster.
const MOST_NAME: usize = 253;

/// Why a file is no plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlanFault {
    /// It is not the JSON of a plan.
    Shape(String),
    /// It has members or values that no plan has, or a member twice.
    Surplus,
    /// Another format.
    Version(u64),
    /// Something in it is nothing that trustwalk plans.
    Unfit(Fault),
    /// A step says of itself what its change is not.
    Mislabelled {
        /// Which, from one.
        step: usize,
        /// The member.
        what: &'static str,
    },
}

impl fmt::Display for PlanFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shape(why) => f.write_str(&visible::line(why)),
            Self::Surplus => f.write_str("it holds members or values that no plan has, or a member twice"),
            Self::Version(version) => write!(
                f,
                "it has format {version}, and this trustwalk reads format {PLAN_VERSION}: make it anew with \
                 `trustwalk fix --out FILE`"
            ),
            Self::Unfit(fault) => fault.fmt(f),
            Self::Mislabelled { step, what } => {
                write!(f, "step {step}: {what} is not what its change makes of it: the file was altered")
            }
        }
    }
}

impl std::error::Error for PlanFault {}

/// Reads a plan's file.
pub fn read_plan(bytes: &[u8]) -> Result<PlanDocument, PlanFault> {
    let value: Value = serde_json::from_slice(bytes).map_err(|e| PlanFault::Shape(place(&e)))?;
    let version = value.get("version").and_then(Value::as_u64);
    let version = version.ok_or_else(|| PlanFault::Shape("it has no version".to_owned()))?;
    if version != u64::from(PLAN_VERSION) {
        return Err(PlanFault::Version(version));
    }
    let read: PlanDocument = serde_json::from_value(value.clone()).map_err(|e| PlanFault::Shape(place(&e)))?;
    let whole = serde_json::to_value(&read).ok().as_ref() == Some(&value) && check::is_unambiguous(bytes);
    if !whole {
        return Err(PlanFault::Surplus);
    }
    check(&read)?;
    Ok(read)
}

/// What is wrong and where, without a word of the file: it may be another than was meant.
fn place(error: &serde_json::Error) -> String {
    match error.line() {
        0 => "a member is not what it is in a plan".to_owned(),
        line => format!("it is not the JSON of a plan, at line {line}, column {}", error.column()),
    }
}

fn check(read: &PlanDocument) -> Result<(), PlanFault> {
    let must = |holds: bool, what: &'static str, found: &str, must: &'static str| {
        let unfit = || PlanFault::Unfit(Fault::Unfit(Unfit { what, found: found.to_owned(), must }));
        if holds { Ok(()) } else { Err(unfit()) }
    };
    let named = |what: &'static str, text: &str| {
        must(
            text.len() <= MOST_NAME && !text.chars().any(visible::is_hidden),
            what,
            text,
            "a name of visible characters",
        )
    };
    let place = &read.place;
    named("tool", &read.tool)?;
    named("place.region", place.region.as_deref().unwrap_or_default())?;
    named("place.cluster", place.cluster.as_deref().unwrap_or_default())?;
    named("place.server", place.server.as_deref().unwrap_or_default())?;
    let account = place.account.as_deref();
    must(account.is_none_or(check::is_account), "place.account", account.unwrap_or_default(), "an account's number")?;
    let cures = &read.cures;
    must(cures.is_empty() || is_causes(cures), "cures", cures, "the names of causes")?;
    check_target(&read.target).map_err(PlanFault::Unfit)?;
    let steps: Vec<_> = read.steps.iter().map(PlannedStep::step).collect();
    check_steps(&steps, &read.target).map_err(PlanFault::Unfit)?;
    for (index, step) in read.steps.iter().enumerate() {
        if let Some(what) = mislabelled(step) {
            return Err(PlanFault::Mislabelled { step: index + 1, what });
        }
    }
    Ok(())
}

/// The member of a step that says something else than its change.
fn mislabelled(step: &PlannedStep) -> Option<&'static str> {
    let Checked { words, expected, digest } = &step.precondition;
    let told = describe(&step.action, expected);
    let right = [
        ("precondition.digest", *digest == digest::of(&step.action, expected)),
        ("precondition.words", *words == told.place),
        ("effect.words", step.effect.words == told.words),
        ("effect.changes", step.effect.changes == told.changes),
        ("undo", step.undo == undo(&step.step())),
    ];
    right.into_iter().find(|(_, holds)| !holds).map(|(what, _)| what)
}
