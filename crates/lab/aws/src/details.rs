//! IAM: the whole account in pages (IAM API reference, `GetAccountAuthorizationDetails`), as far as the lab has one:
//! roles with their policies. There are no users and no groups here; managed policies are `ListPolicies`'s.

use crate::account::Account;
use crate::outcome::{AwsFault, Outcome, members, tag};
use crate::paging::page;
use crate::query::{Parameters, encode};
use crate::role_xml::{boundary, time};
use crate::state::Role;

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
    let wanted = filter.is_empty() || filter.iter().any(|kind| kind == "Role");
    let roles: Vec<Role> = account.state().roles.values().filter(|_| wanted).cloned().collect();
    let shown = page(form, "RoleDetailList", roles.iter().map(|r| (r.name.clone(), detail(account, r))))?;
    Ok(format!("{shown}<UserDetailList/><GroupDetailList/><Policies/>"))
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
        "<InstanceProfileList/>".to_owned(),
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
