//! Roles as IAM's answers show them. Each operation shows a different part (IAM API reference: `Role`; what
//! `CreateRole` and `ListRoles` leave out is documented of the latter and reported of the former).

use jiff::Timestamp;

use crate::account::Account;
use crate::outcome::tag;
use crate::query::encode;
use crate::state::Role;
use crate::tags;

/// Which operation shows a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum View {
    /// `CreateRole`: not how long its sessions last, nor its use.
    Made,
    /// `GetRole`: all.
    Whole,
    /// `ListRoles` and instance profiles: neither tags, nor use, nor boundary.
    Listed,
}

/// A time as most of IAM's answers write it.
pub(crate) fn time(t: Timestamp) -> String {
    t.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The inside of a `Role`.
pub(crate) fn role(account: &Account, r: &Role, view: View) -> String {
    let description = account.state().kept.get(&r.name).and_then(|kept| kept.description.clone());
    let longest = tag("MaxSessionDuration", &r.max_session.to_string());
    let used = || {
        let last = r.last_used.map(|t| tag("LastUsedDate", &time(t)) + &tag("Region", &account.config.region));
        format!("<RoleLastUsed>{}</RoleLastUsed>", last.unwrap_or_default())
    };
    let (longest, bound, tags, used) = match view {
        View::Made => (String::new(), boundary(r), tags::list(&r.tags), String::new()),
        View::Whole => (longest, boundary(r), tags::list(&r.tags), used()),
        View::Listed => (longest, String::new(), String::new(), String::new()),
    };
    [
        tag("Path", &r.path),
        tag("RoleName", &r.name),
        tag("RoleId", &account.role_id(&r.name)),
        tag("Arn", &account.role_arn(r)),
        tag("CreateDate", &time(r.created)),
        tag("AssumeRolePolicyDocument", &encode(&crate::principals::shown(account, r), false)),
        description.iter().map(|text| tag("Description", text)).collect(),
        longest,
        bound,
        tags,
        used,
    ]
    .concat()
}

/// A role's `PermissionsBoundary`, if it has one.
pub(crate) fn boundary(r: &Role) -> String {
    let one = |arn: &String| {
        let inside = [tag("PermissionsBoundaryType", "Policy"), tag("PermissionsBoundaryArn", arn)];
        format!("<PermissionsBoundary>{}</PermissionsBoundary>", inside.concat())
    };
    r.boundary.iter().map(one).collect()
}
