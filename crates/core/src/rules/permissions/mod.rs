//! Rules of the link `permissions`.

pub(crate) mod role_assumes_itself;
pub(crate) mod role_lacks_permission;
