//! The controllers: tasks that turn what is wanted into objects.

mod gc;
mod run;

pub(crate) use gc::orphan_dependents;
pub(crate) use run::start;
