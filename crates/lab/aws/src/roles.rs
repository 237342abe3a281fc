//! IAM: roles, their trust and their policies.

use std::collections::BTreeMap;

use crate::account::Account;
use crate::callers::unique_id;
use crate::outcome::{AwsFault, Outcome, escape, tag};
use crate::paging::{Page, page};
use crate::principals::trusted;
use crate::query::{Parameters, encode};
use crate::role_xml::{View, role as shown};
use crate::save;
use crate::state::{Kept, Role, State};
use crate::tags::{self, Case, tagged, untag};
use crate::validate;

/// Roles of an account (IAM quotas).
const ROLES: usize = 1000;
/// Managed policies of a role (IAM quotas).
const ATTACHED: usize = 10;
/// Characters of a role's inline policies together, white space not counted (IAM quotas).
const INLINE: usize = 10_240;
/// Longest document that is taken at all (IAM API reference, `policyDocumentType`).
const LONGEST_DOCUMENT: usize = 131_072;
/// Longest description (IAM API reference, `roleDescriptionType`).
const LONGEST_DESCRIPTION: usize = 1000;

/// Operations on roles and their policies.
pub(crate) const OPERATIONS: [&str; 20] = [
    "CreateRole",
    "ListRoles",
    "GetRole",
    "DeleteRole",
    "UpdateRole",
    "UpdateRoleDescription",
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
        "CreateRole" => return create(account, form),
        "ListRoles" => {
            let prefix = form.get("PathPrefix").unwrap_or("/");
            let state = account.state();
            let found = state.roles.values().filter(|role| role.path.starts_with(prefix));
            let listed = Page::of(form, found.map(|role| (role.name.clone(), role)))?.map(Role::clone);
            drop(state);
            return Ok(listed.map(|role| shown(account, &role, View::Listed)).xml("Roles"));
        }
        "ListEntitiesForPolicy" => return entities(account, form),
        _ => {}
    }
    let name = validate::text(form, "RoleName", 1, 64)?;
    let role = account.role(name).ok_or_else(|| no_role(name))?;
    if let Some(answer) = read(account, action, form, &role)? {
        return Ok(answer);
    }
    if action == "UpdateAssumeRolePolicy" {
        return trust(account, name, form);
    }
    if let "PutRolePermissionsBoundary" | "AttachRolePolicy" = action {
        // What has to be there besides the role.
        let field = if action == "AttachRolePolicy" { "PolicyArn" } else { "PermissionsBoundary" };
        attachable(account, field, validate::text(form, field, 20, 2048)?)?;
    }
    let mut state = account.state();
    if action == "DeleteRole" {
        return delete(&mut state, name);
    }
    let State { roles, kept, .. } = &mut *state;
    let role = roles.get_mut(name).ok_or_else(|| no_role(name))?;
    let kept = kept.entry(name.to_owned()).or_default();
    change(role, kept, action, form)?;
    let changed = role.clone();
    drop(state);
    // Of the changes this one alone shows the role.
    let told = action == "UpdateRoleDescription";
    Ok(if told { format!("<Role>{}</Role>", shown(account, &changed, View::Whole)) } else { String::new() })
}

fn no_role(name: &str) -> AwsFault {
    AwsFault::missing(format!("The role with name {name} cannot be found."))
}

/// Who has a policy (IAM API reference, `ListEntitiesForPolicy`): roles alone, as the lab's users have none attached.
fn entities(account: &Account, form: &Parameters) -> Outcome {
    let arn = validate::text(form, "PolicyArn", 20, 2048)?;
    let state = account.state();
    if !state.policies.contains_key(arn) {
        return Err(AwsFault::missing(format!("Policy {arn} was not found.")));
    }
    let wanted = form.get("EntityFilter").is_none_or(|kind| kind == "Role");
    let bounds = form.get("PolicyUsageFilter") == Some("PermissionsBoundary");
    let has = |r: &Role| {
        if bounds { r.boundary.as_deref() == Some(arn) } else { r.attached.iter().any(|attached| attached == arn) }
    };
    let roles: Vec<Role> = state.roles.values().filter(|r| wanted && has(r)).cloned().collect();
    drop(state);
    let item = |r: &Role| tag("RoleName", &r.name) + &tag("RoleId", &account.role_id(&r.name));
    let shown = page(form, "PolicyRoles", roles.iter().map(|r| (r.name.clone(), item(r))))?;
    Ok(format!("{shown}<PolicyGroups/><PolicyUsers/>"))
}

/// What is only read; `None` when the operation changes something.
fn read(account: &Account, action: &str, form: &Parameters, role: &Role) -> Result<Option<String>, AwsFault> {
    let answer = match action {
        "GetRole" => format!("<Role>{}</Role>", shown(account, role, View::Whole)),
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
        "ListRoleTags" => tags::paged(form, &role.tags)?,
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

/// Saves another trust policy, with the roles that it names as they are now.
fn trust(account: &Account, name: &str, form: &Parameters) -> Outcome {
    let document = validate::text(form, "PolicyDocument", 1, LONGEST_DOCUMENT)?;
    readable(document)?;
    save::trust(account, document)?;
    let named = trusted(account, document);
    let mut state = account.state();
    let State { roles, kept, .. } = &mut *state;
    let role = roles.get_mut(name).ok_or_else(|| no_role(name))?;
    document.clone_into(&mut role.trust_policy);
    kept.entry(name.to_owned()).or_default().trusted = named;
    Ok(String::new())
}

/// A managed policy that may be attached, or bound a role.
fn attachable(account: &Account, field: &str, arn: &str) -> Result<String, AwsFault> {
    if account.state().policies.contains_key(arn) {
        return Ok(arn.to_owned());
    }
    let what = if field == "PolicyArn" { format!("Policy {arn}") } else { format!("Scope ARN: {arn}") };
    Err(AwsFault::missing(format!("{what} does not exist or is not attachable.")))
}

/// A description within its limits, or its absence (IAM API reference, `roleDescriptionType`).
fn description(form: &Parameters) -> Result<Option<String>, AwsFault> {
    let Some(text) = form.get("Description") else { return Ok(None) };
    validate::length("Description", text, 0, LONGEST_DESCRIPTION)?;
    let plain = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{a1}'..='\u{ff}');
    if !text.chars().all(plain) {
        let rule = "satisfy regular expression pattern: [\\u0009\\u000A\\u000D\\u0020-\\u007E\\u00A1-\\u00FF]*";
        return Err(validate::constraint("description", Some(text), rule));
    }
    Ok(Some(text.to_owned()))
}

fn change(role: &mut Role, kept: &mut Kept, action: &str, form: &Parameters) -> Result<(), AwsFault> {
    match action {
        "UpdateRole" | "UpdateRoleDescription" => {
            let told = description(form)?;
            if let Some(seconds) = validate::number(form, "MaxSessionDuration", 3600, 43_200)? {
                role.max_session = seconds;
            }
            if let Some(text) = told {
                kept.description = Some(text).filter(|text| !text.is_empty());
            }
        }
        "AttachRolePolicy" => {
            let arn = validate::text(form, "PolicyArn", 20, 2048)?.to_owned();
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
        "PutRolePolicy" => put_inline(role, form)?,
        "DeleteRolePolicy" => {
            let name = validate::text(form, "PolicyName", 1, 128)?;
            role.inline
                .remove(name)
                .ok_or_else(|| AwsFault::missing(format!("The role policy with name {name} cannot be found.")))?;
        }
        "TagRole" => role.tags = tagged(&role.tags, &form.tags(), Case::Ignored)?,
        "UntagRole" => untag(&mut role.tags, form, Case::Ignored),
        "PutRolePermissionsBoundary" => role.boundary = form.get("PermissionsBoundary").map(str::to_owned),
        "DeleteRolePermissionsBoundary" => role.boundary = None,
        // The callers above have sent everything else elsewhere.
        _ => {}
    }
    Ok(())
}

fn put_inline(role: &mut Role, form: &Parameters) -> Result<(), AwsFault> {
    let name = validate::text(form, "PolicyName", 1, 128)?;
    let document = validate::text(form, "PolicyDocument", 1, LONGEST_DOCUMENT)?;
    save::identity(document)?;
    let others = role.inline.iter().filter(|(known, _)| *known != name).map(|(_, document)| document.as_str());
    let size: usize = others.chain([document]).map(save::size).sum();
    if size > INLINE {
        let text = format!("Maximum policy size of {INLINE} bytes exceeded for role {}", role.name);
        return Err(AwsFault::new(409, "LimitExceeded", text));
    }
    role.inline.insert(name.to_owned(), document.to_owned());
    Ok(())
}

/// What hangs on a role has to go first (reported).
fn delete(state: &mut State, name: &str) -> Outcome {
    let role = state.roles.get(name).ok_or_else(|| no_role(name))?;
    let conflict = |text: &str| Err(AwsFault::new(409, "DeleteConflict", text));
    if state.profiles.values().any(|profile| profile.role.as_deref() == Some(name)) {
        return conflict("Cannot delete entity, must remove roles from instance profile first.");
    }
    if !role.attached.is_empty() {
        return conflict("Cannot delete entity, must detach all policies first.");
    }
    if !role.inline.is_empty() {
        return conflict("Cannot delete entity, must delete policies first.");
    }
    state.forget_role(name);
    Ok(String::new())
}

/// A path begins and ends with a slash, and is printable between them (IAM API reference, `pathType`).
pub(crate) fn path_of(form: &Parameters) -> Result<String, AwsFault> {
    let path = form.get("Path").unwrap_or("/");
    let printable = path.bytes().all(|b| (b'!'..=b'~').contains(&b));
    if path.starts_with('/') && path.ends_with('/') && path.len() <= 512 && printable {
        return Ok(path.to_owned());
    }
    Err(AwsFault::validation(
        "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric \
         characters and/or / characters.",
    ))
}

fn create(account: &Account, form: &Parameters) -> Outcome {
    let name = validate::text(form, "RoleName", 1, 64)?.to_owned();
    if !validate::is_name(&name) {
        return Err(AwsFault::validation(
            "The specified value for roleName is invalid. It must contain only alphanumeric characters and/or the \
             following: +=,.@_-",
        ));
    }
    let path = path_of(form)?;
    let trust_policy = validate::text(form, "AssumeRolePolicyDocument", 1, LONGEST_DOCUMENT)?.to_owned();
    let max_session = validate::number(form, "MaxSessionDuration", 3600, 43_200)?.unwrap_or(3600);
    let description = description(form)?.filter(|text| !text.is_empty());
    let tags = tagged(&BTreeMap::new(), &form.tags(), Case::Ignored)?;
    readable(&trust_policy)?;
    save::trust(account, &trust_policy)?;
    let bound =
        form.get("PermissionsBoundary").map(|arn| attachable(account, "PermissionsBoundary", arn)).transpose()?;
    let kept = Kept { id: unique_id("AROA"), description, trusted: trusted(account, &trust_policy) };
    let role = Role {
        name,
        path,
        trust_policy,
        max_session,
        created: account.now(),
        attached: Vec::new(),
        inline: BTreeMap::new(),
        boundary: bound,
        tags,
        last_used: None,
    };
    let mut state = account.state();
    // Names are one whatever their letter case (IAM API reference, `CreateRole`).
    if state.roles.keys().any(|known| known.eq_ignore_ascii_case(&role.name)) {
        return Err(AwsFault::new(409, "EntityAlreadyExists", format!("Role with name {} already exists.", role.name)));
    }
    if state.roles.len() >= ROLES {
        return Err(AwsFault::new(409, "LimitExceeded", "Cannot exceed quota for RolesPerAccount: 1000"));
    }
    state.kept.insert(role.name.clone(), kept);
    state.roles.insert(role.name.clone(), role.clone());
    drop(state);
    Ok(format!("<Role>{}</Role>", shown(account, &role, View::Made)))
}
