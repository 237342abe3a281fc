//! The four ways to change an object with PATCH.

pub(crate) mod apply;
pub(crate) mod json_patch;
pub(crate) mod keys;
pub(crate) mod merge;
pub(crate) mod strategic;

pub(crate) use keys::list_keys;
