//! One file for each goal.

mod log_file;
pub(crate) mod logs;
mod token_pool;
pub(crate) mod tokens;
