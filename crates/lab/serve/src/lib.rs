//! How every part of the lab listens: one loop that takes connections and never ends on a failed one, bounds in
//! number and in time for what is connected, and a watch over tasks that have to go on.
//!
//! The lab runs beside somebody's work, often with the 1,024 descriptors (or 256, on macOS) that a shell gives it.

mod accept;
mod http;
mod tasks;

pub use accept::{Listen, Slot, accept};
pub use http::{IDLE, PATIENCE, Version, speak};
pub use tasks::keep;
