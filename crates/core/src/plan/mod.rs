//! Cures and plans: what would be changed, as data.

mod action;
mod applied;
mod associate;
mod build;
mod chain;
mod changes;
mod check;
mod cures;
mod describe;
mod document;
mod entry;
mod history;
mod hooks;
mod lint;
mod model;
mod no_way;
mod owner;
mod pods;
mod receipt;
mod restart;
mod rotate;
mod undone;
mod ways;

pub use action::{Action, Cure, MOST_RENEWED, OnePod, RENEWABLE, WebhookField};
pub use applied::applied;
pub use build::{build, build_for, fit, step_of};
pub use chain::{Break, Digest, MOST_ENTRIES};
pub use changes::of_documents as changed_places;
pub use check::{Unfit, check_action, check_step, is_label, is_subdomain, provider_account};
pub(crate) use cures::{complete, described};
pub use describe::{Described, Undoing, describe, reach, reach_of_undoing};
pub use document::{
    Checked, Difference, Expectation, Listed, Maker, PLAN_BYTES, PLAN_VERSION, PlanDocument, PlanFault, PlannedStep,
    Risk, RiskLevel, Site, Undo, UndoWay, Users, differences, document, read_plan,
};
pub use entry::Entry;
pub use history::{Entry as HistoryEntry, Errand, Event, Hand, Made, Place, StepState, Stood};
pub use lint::{Drift, Leave, Linted, Refusal, Rule, lint, widens};
pub use model::{Applicability, Effect, Outlook, Plan, Precondition, ROTATION, Receipt, ReceiptStep, Step, Withheld};
pub use owner::Owner;
pub use receipt::{
    Fault, MOST_WORDS, OtherFile, RECEIPT_BYTES, RECEIPT_VERSION, Reading, Seal, check_steps, read_receipt, sealed,
    to_be_sealed,
};
pub(crate) use restart::{Which, may_restart, renewal_of};
pub use rotate::{
    Arrival, Presented, Registered, Retiring, Rotated, Rotation, Scene, Shown as ShownChain, Stage, Wish, host_for,
    rotate,
};
pub use undone::undone;
pub(crate) use ways::{Ways, ways};
