//! IAM: the whole account in pages (IAM API reference, `GetAccountAuthorizationDetails`), as far as the lab has one:
//! roles with their policies and instance profiles, and managed policies with their versions. There are no users and no
//! groups here.

use crate::account::Account;
use crate::outcome::{AwsFault, Outcome, members, tag};
use crate::paging::Page;
use crate::query::{Parameters, encode};
use crate::role_xml::{boundary, time};
use crate::state::Role;
use crate::{managed, profiles};

/// The operation.
pub(crate) const OPERATION: &str = "GetAccountAuthorizationDetails";
/// What may be asked for (IAM API reference, `EntityType`).
const KINDS: [&str; 5] = ["User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy"];

/// Carries it out.
pub(crate) fn call(account: &Account, form: &Parameters) -> Outcome {
    let filter = form.list("Filter").unwrap_or_default();
    if let Some(wrong) = filter.iter().find(|kind| !KINDS.contains(&kind.as_str())) {
        let kinds = KINDS.join(", ");
        return Err(AwsFault::validation(format!(
            "1 validation error detected: Value '[{wrong}]' at 'filter' failed to satisfy constraint: Member must \
             satisfy constraint: [Member must satisfy enum value set: [{kinds}]]"
        )));
    }
    let wanted = |kind: &str| filter.is_empty() || filter.iter().any(|asked| asked == kind);
    let state = account.state();
    let roles = state.roles.values().filter(|_| wanted("Role"));
    let page = Page::of(form, roles.map(|role| (role.name.clone(), role)))?.map(Role::clone);
    // Policies come with the last page of roles. Of AWS's own, those that are in use.
    let policies = state.policies.iter().filter(|(arn, _)| {
        let of_aws = managed::of_aws(arn);
        let kind = if of_aws { "AWSManagedPolicy" } else { "LocalManagedPolicy" };
        page.is_last() && wanted(kind) && (!of_aws || managed::is_used(&state, arn))
    });
    let policies: Vec<String> = policies.map(|(arn, policy)| managed::detail(&state, arn, policy)).collect();
    drop(state);
    let policies = members("Policies", policies);
    let page = page.map(|role| detail(account, &role));
    let shown = page.xml("RoleDetailList");
    Ok(format!("{shown}<UserDetailList/><GroupDetailList/>{policies}"))
}

/// A role with its policies.
fn detail(account: &Account, role: &Role) -> String {
    let used = role.last_used.map(|t| tag("LastUsedDate", &time(t)) + &tag("Region", &account.config.region));
    let inline = role
        .inline
        .iter()
        .map(|(name, document)| tag("PolicyName", name) + &tag("PolicyDocument", &encode(document, false)));
    let attached = role
        .attached
        .iter()
        .map(|arn| tag("PolicyName", arn.rsplit('/').next().unwrap_or_default()) + &tag("PolicyArn", arn));
    [
        members("RolePolicyList", inline),
        members("AttachedManagedPolicies", attached),
        members("InstanceProfileList", profiles::of_role(account, &role.name)),
        boundary(role),
        tag("Path", &role.path),
        tag("RoleName", &role.name),
        tag("RoleId", &account.role_id(&role.name)),
        tag("Arn", &account.role_arn(role)),
        tag("CreateDate", &time(role.created)),
        tag("AssumeRolePolicyDocument", &encode(&crate::principals::shown(account, role), false)),
        format!("<RoleLastUsed>{}</RoleLastUsed>", used.unwrap_or_default()),
        members("Tags", role.tags.iter().map(|(k, v)| tag("Key", k) + &tag("Value", v))),
    ]
    .concat()
}
