//! The controllers: tasks that turn what is wanted into objects.

mod common;
mod cronjob;
mod daemonset;
mod deployment;
mod disruption;
mod endpoints;
mod events;
mod gc;
mod job;
mod progress;
mod quota;
mod replicaset;
mod rest;
mod revisions;
mod run;
mod scheduler;
mod statefulset;

pub(crate) use common::is_ready;
pub(crate) use disruption::{budgets, selects};
pub(crate) use gc::{FOREGROUND, orphan_dependents};
pub(crate) use rest::lay;
pub(crate) use run::start;
