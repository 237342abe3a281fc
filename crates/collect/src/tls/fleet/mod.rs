//! Many hosts: lines in, JSON lines out, in constant memory.

mod answer;
mod input;
mod resume;
mod run;
mod shared;

pub use input::{Endpoint, NotAnEndpoint};
pub use run::{FleetError, FleetOptions, Progress, run};
