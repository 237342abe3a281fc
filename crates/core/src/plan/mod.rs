//! Cures and plans: what would be changed, as data.

mod model;

pub use model::{Action, Applicability, Cure, Effect, Plan, Precondition, Receipt, ReceiptStep, Step, StepState};
