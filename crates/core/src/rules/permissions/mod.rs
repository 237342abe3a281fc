//! Rules of the permissions link, one file each.

mod role_lacks_permission;

pub(super) use role_lacks_permission::RoleLacksPermission;
