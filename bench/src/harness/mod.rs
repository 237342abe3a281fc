//! What every goal needs: costs, turns, spreads, and a page to write them on.

mod cost;
mod delay;
mod machine;
mod page;
mod settings;
mod spread;
mod turns;

pub(crate) use cost::{
    APART, Cost, Ran, count, cpu, run, run_apart, run_apart_in, run_apart_to, run_ok, tell_cost, wall, work,
};
pub(crate) use delay::delayed;
pub(crate) use machine::{CLIENT_CORE, SERVER_CORE, describe, free_all_cores, load, pin};
pub(crate) use page::{Held, Section, renew, write_page};
pub(crate) use settings::Settings;
pub(crate) use spread::Spread;
pub(crate) use turns::{Measured, Variant, take_turns};
