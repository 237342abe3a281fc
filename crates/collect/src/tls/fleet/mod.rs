//! Many hosts: lines in, JSON lines out, in constant memory.

mod answer;
mod input;
mod lines;
mod pace;
mod resume;
mod run;
mod seen;
mod shared;
mod trust;

pub use input::{Endpoint, NotAnEndpoint};
pub use run::{FleetError, FleetOptions, Progress, run};
pub use trust::Trust;
