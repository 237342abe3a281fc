//! Cures and plans: what would be changed, as data.

mod build;
mod changes;
mod lint;
mod model;

pub use build::build;
pub use lint::widens;
pub use model::{Action, Applicability, Cure, Effect, Plan, Precondition, Receipt, ReceiptStep, Step, StepState};
