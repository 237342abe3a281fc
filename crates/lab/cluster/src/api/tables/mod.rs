//! Server-side printing: what `kubectl get` shows.

mod age;
mod build;
mod cells;
mod pods;

pub(crate) use build::{table, wanted};
