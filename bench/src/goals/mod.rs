//! One file for each goal.

pub(crate) mod fleet;
mod fleet_chain;
mod fleet_floor;
mod fleet_servers;
mod go;
pub(crate) mod inventories;
mod log_file;
pub(crate) mod logs;
mod pairs;
pub(crate) mod policies;
mod token_pool;
pub(crate) mod tokens;
