//! One file for each goal.

pub(crate) mod checkers;
pub(crate) mod cluster;
mod corpora;
pub(crate) mod distant;
pub(crate) mod fleet;
mod fleet_chain;
mod fleet_floor;
mod fleet_servers;
mod go;
pub(crate) mod inventories;
mod lab;
mod log_file;
pub(crate) mod logs;
mod many;
pub(crate) mod one_host;
mod pairs;
pub(crate) mod policies;
pub(crate) mod scale;
pub(crate) mod start;
mod token_pool;
pub(crate) mod tokens;
