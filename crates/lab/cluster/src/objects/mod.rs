//! Objects as values: their kinds and addresses, what a server fills in, how they are selected, changed and refused.
//! Nothing here knows a store.

pub(crate) mod address;
pub(crate) mod defaults;
pub(crate) mod definition;
pub(crate) mod errors;
pub(crate) mod fields;
pub mod json;
pub(crate) mod kinds;
pub(crate) mod meta;
pub(crate) mod names;
pub(crate) mod patch;
pub(crate) mod pod;
pub(crate) mod problems;
pub(crate) mod protobuf;
pub(crate) mod quantity;
pub(crate) mod schedule;
pub(crate) mod schema;
pub(crate) mod selector;
pub(crate) mod size;
