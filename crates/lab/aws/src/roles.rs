//! IAM: roles, their trust and their policies.

use std::collections::BTreeMap;

use crate::account::Account;
use crate::oidc::{tag_items, tagged};
use crate::outcome::{AwsFault, Outcome, escape, members, tag};
use crate::paging::page;
use crate::query::{Parameters, encode};
use crate::save;
use crate::state::Role;
use crate::validate;

/// Roles of an account (IAM quotas).
const ROLES: usize = 1000;
/// Managed policies of a role (IAM quotas).
const ATTACHED: usize = 10;

/// Operations on roles and their policies.
pub(crate) const OPERATIONS: [&str; 19] = [
    "CreateRole",
    "ListRoles",
    "GetRole",
    "DeleteRole",
    "UpdateRole",
    "UpdateAssumeRolePolicy",
    "ListAttachedRolePolicies",
    "AttachRolePolicy",
    "DetachRolePolicy",
    "ListRolePolicies",
    "GetRolePolicy",
    "PutRolePolicy",
    "DeleteRolePolicy",
    "ListRoleTags",
    "TagRole",
    "UntagRole",
    "PutRolePermissionsBoundary",
    "DeleteRolePermissionsBoundary",
    "ListEntitiesForPolicy",
];

/// Carries out one of [`OPERATIONS`].
pub(crate) fn call(account: &Account, action: &str, form: &Parameters) -> Outcome {
    match action {
        "CreateRole" => create(account, form),
        "ListRoles" => {
            let prefix = form.get("PathPrefix").unwrap_or("/");
            let roles: Vec<Role> = account.state().roles.values().cloned().collect();
            let shown = roles.iter().filter(|r| r.path.starts_with(prefix));
            page(form, "Roles", shown.map(|r| (r.name.clone(), inside(account, r))))
        }
        "ListEntitiesForPolicy" => {
            let arn = validate::text(form, "PolicyArn", 20, 2048)?;
            let state = account.state();
            let roles = state.roles.values().filter(|r| r.attached.iter().any(|a| a == arn));
            page(form, "PolicyRoles", roles.map(|r| (r.name.clone(), tag("RoleName", &r.name))))
        }
        _ => {
            let name = validate::text(form, "RoleName", 1, 64)?;
            let missing = || AwsFault::missing(format!("The role with name {name} cannot be found."));
            let role = account.role(name).ok_or_else(missing)?;
            if let Some(answer) = read(account, action, form, &role)? {
                return Ok(answer);
            }
            // What a change needs to know of the account beyond the role.
            let attachable = form.get("PolicyArn").is_none_or(|arn| account.state().policies.contains_key(arn));
            let trust = form.get("PolicyDocument").filter(|_| action == "UpdateAssumeRolePolicy");
            trust.map(|document| readable(document).and_then(|()| save::trust(account, document))).transpose()?;
            let boundary = form.get("PermissionsBoundary").map(|arn| bounding(account, arn)).transpose()?;
            let mut state = account.state();
            if action == "DeleteRole" {
                let held = state.roles.get(name).is_some_and(|r| !r.attached.is_empty() || !r.inline.is_empty());
                if held {
                    return Err(AwsFault::new(
                        409,
                        "DeleteConflict",
                        "Cannot delete entity, must detach all policies first.",
                    ));
                }
                state.roles.remove(name);
                return Ok(String::new());
            }
            let role = state.roles.get_mut(name).ok_or_else(missing)?;
            if let Some(boundary) = boundary {
                role.boundary = Some(boundary);
            }
            change(role, action, form, attachable)?;
            Ok(String::new())
        }
    }
}

/// What is only read; `None` when the operation changes something.
fn read(account: &Account, action: &str, form: &Parameters, role: &Role) -> Result<Option<String>, AwsFault> {
    let answer = match action {
        "GetRole" => format!("<Role>{}</Role>", inside(account, role)),
        "ListAttachedRolePolicies" => {
            let item = |arn: &String| {
                let name = arn.rsplit('/').next().unwrap_or_default();
                (name.to_owned(), format!("{}{}", tag("PolicyName", name), tag("PolicyArn", arn)))
            };
            page(form, "AttachedPolicies", role.attached.iter().map(item))?
        }
        "ListRolePolicies" => page(form, "PolicyNames", role.inline.keys().map(|k| (k.clone(), escape(k))))?,
        "GetRolePolicy" => {
            let policy = validate::text(form, "PolicyName", 1, 128)?;
            let document = role
                .inline
                .get(policy)
                .ok_or_else(|| AwsFault::missing(format!("The role policy with name {policy} cannot be found.")))?;
            [tag("RoleName", &role.name), tag("PolicyName", policy), tag("PolicyDocument", &encode(document, false))]
                .concat()
        }
        "ListRoleTags" => page(form, "Tags", tag_items(&role.tags))?,
        _ => return Ok(None),
    };
    Ok(Some(answer))
}

/// Characters that a trust policy has (IAM API reference, `UpdateAssumeRolePolicy`): none above U+00FF.
fn readable(document: &str) -> Result<(), AwsFault> {
    let plain = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{ff}');
    if document.chars().all(plain) {
        return Ok(());
    }
    let rule = "satisfy regular expression pattern: [\\u0009\\u000A\\u000D\\u0020-\\u00FF]+";
    Err(validate::constraint("policyDocument", None, rule))
}

/// A managed policy that may bound a role.
fn bounding(account: &Account, arn: &str) -> Result<String, AwsFault> {
    if account.state().policies.contains_key(arn) {
        return Ok(arn.to_owned());
    }
    Err(AwsFault::missing(format!("Scope ARN: {arn} does not exist or is not attachable.")))
}

fn change(role: &mut Role, action: &str, form: &Parameters, attachable: bool) -> Result<(), AwsFault> {
    match action {
        "UpdateAssumeRolePolicy" => {
            validate::text(form, "PolicyDocument", 1, 131_072)?.clone_into(&mut role.trust_policy);
        }
        "UpdateRole" => {
            if let Some(seconds) = validate::number(form, "MaxSessionDuration", 3600, 43_200)? {
                role.max_session = seconds;
            }
        }
        "AttachRolePolicy" => {
            let arn = validate::text(form, "PolicyArn", 20, 2048)?.to_owned();
            if !attachable {
                return Err(AwsFault::missing(format!("Policy {arn} does not exist or is not attachable.")));
            }
            if !role.attached.contains(&arn) {
                if role.attached.len() >= ATTACHED {
                    return Err(AwsFault::new(409, "LimitExceeded", "Cannot exceed quota for PoliciesPerRole: 10"));
                }
                role.attached.push(arn);
            }
        }
        "DetachRolePolicy" => {
            let arn = validate::text(form, "PolicyArn", 20, 2048)?;
            if !role.attached.iter().any(|a| a == arn) {
                return Err(AwsFault::missing(format!("Policy {arn} was not found.")));
            }
            role.attached.retain(|a| a != arn);
        }
        "PutRolePolicy" => {
            let name = validate::text(form, "PolicyName", 1, 128)?;
            let document = validate::text(form, "PolicyDocument", 1, 131_072)?;
            save::identity(document)?;
            role.inline.insert(name.to_owned(), document.to_owned());
        }
        "DeleteRolePolicy" => {
            let name = validate::text(form, "PolicyName", 1, 128)?;
            role.inline
                .remove(name)
                .ok_or_else(|| AwsFault::missing(format!("The role policy with name {name} cannot be found.")))?;
        }
        "TagRole" => role.tags = tagged(&role.tags, form.tags())?,
        "DeleteRolePermissionsBoundary" => role.boundary = None,
        "UntagRole" => {
            let keys = form.list("TagKeys").unwrap_or_default();
            role.tags.retain(|k, _| !keys.contains(k));
        }
        // The callers above have sent everything else elsewhere.
        _ => {}
    }
    Ok(())
}

fn create(account: &Account, form: &Parameters) -> Outcome {
    let name = validate::text(form, "RoleName", 1, 64)?.to_owned();
    if !validate::is_name(&name) {
        return Err(AwsFault::validation(
            "The specified value for roleName is invalid. It must contain only alphanumeric characters and/or the \
             following: +=,.@_-",
        ));
    }
    let path = form.get("Path").unwrap_or("/");
    if !path.starts_with('/') || !path.ends_with('/') || path.len() > 512 {
        return Err(AwsFault::validation(
            "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric \
             characters and/or / characters.",
        ));
    }
    let trust_policy = validate::text(form, "AssumeRolePolicyDocument", 1, 131_072)?.to_owned();
    let max_session = validate::number(form, "MaxSessionDuration", 3600, 43_200)?.unwrap_or(3600);
    readable(&trust_policy)?;
    save::trust(account, &trust_policy)?;
    let boundary = form.get("PermissionsBoundary").map(|arn| bounding(account, arn)).transpose()?;
    let role = Role {
        name,
        path: path.to_owned(),
        trust_policy,
        max_session,
        created: account.now(),
        attached: Vec::new(),
        inline: BTreeMap::new(),
        boundary,
        tags: tagged(&BTreeMap::new(), form.tags())?,
        last_used: None,
    };
    let xml = format!("<Role>{}</Role>", inside(account, &role));
    let mut state = account.state();
    if state.roles.contains_key(&role.name) {
        return Err(AwsFault::new(409, "EntityAlreadyExists", format!("Role with name {} already exists.", role.name)));
    }
    if state.roles.len() >= ROLES {
        return Err(AwsFault::new(409, "LimitExceeded", "Cannot exceed quota for RolesPerAccount: 1000"));
    }
    state.roles.insert(role.name.clone(), role);
    Ok(xml)
}

fn inside(account: &Account, r: &Role) -> String {
    let time = |t: jiff::Timestamp| t.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let used =
        r.last_used.map(|t| format!("{}{}", tag("LastUsedDate", &time(t)), tag("Region", &account.config.region)));
    [
        tag("Path", &r.path),
        tag("RoleName", &r.name),
        tag("RoleId", &crate::callers::role_id(&r.name)),
        tag("Arn", &account.role_arn(r)),
        tag("CreateDate", &time(r.created)),
        tag("AssumeRolePolicyDocument", &encode(&r.trust_policy, false)),
        tag("MaxSessionDuration", &r.max_session.to_string()),
        r.boundary.iter().map(|arn| bound(arn)).collect(),
        format!("<RoleLastUsed>{}</RoleLastUsed>", used.unwrap_or_default()),
        members("Tags", r.tags.iter().map(|(k, v)| format!("{}{}", tag("Key", k), tag("Value", v)))),
    ]
    .concat()
}

fn bound(arn: &str) -> String {
    let inside = [tag("PermissionsBoundaryType", "Policy"), tag("PermissionsBoundaryArn", arn)];
    format!("<PermissionsBoundary>{}</PermissionsBoundary>", inside.concat())
}
