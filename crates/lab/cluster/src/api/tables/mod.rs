//! Server-side printing: what `kubectl get` shows.

mod age;
mod build;
mod cells;
mod paths;
mod pods;

pub(crate) use build::{table, wanted};
