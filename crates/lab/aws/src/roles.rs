//! IAM: roles, their trust and their policies.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::account::Account;
use crate::guard;
use crate::oidc::{tag_items, tagged};
use crate::outcome::{AwsFault, Outcome, escape, members, tag};
use crate::paging::page;
use crate::policy::{one_or_many, statements};
use crate::query::{Parameters, encode};
use crate::state::Role;
use crate::validate;

/// Characters of a trust policy (IAM quotas).
const TRUST_QUOTA: usize = 2048;
/// Roles of an account (IAM quotas).
const ROLES: usize = 1000;
/// Managed policies of a role (IAM quotas).
const ATTACHED: usize = 10;

fn malformed(text: impl Into<String>) -> AwsFault {
    AwsFault::new(400, "MalformedPolicyDocument", text)
}

/// IAM's checks when a trust policy is saved.
fn check_trust(account: &Account, document: &str) -> Result<(), AwsFault> {
    let value: Value = serde_json::from_str(document).map_err(|_| malformed("This policy contains invalid Json"))?;
    let all = statements(&value);
    if all.is_empty() || !all.iter().all(Value::is_object) {
        return Err(malformed("Syntax errors in policy."));
    }
    for s in &all {
        if s.get("Resource").is_some() || s.get("NotResource").is_some() {
            return Err(malformed("Has prohibited field Resource"));
        }
        let principal = s
            .get("Principal")
            .or_else(|| s.get("NotPrincipal"))
            .ok_or_else(|| malformed("Missing required field Principal"))?;
        check_aws_principals(account, principal)?;
        if let Some((issuer, key)) = guard::open_to_all(s) {
            // The words are the lab's own, but for Cognito's: AWS documents the refusal alone.
            return Err(malformed(if issuer.starts_with("cognito-identity.") {
                "A condition block must be present for the Cognito provider".to_owned()
            } else {
                format!("The provider {issuer} is shared: the policy must evaluate the condition key {key}")
            }));
        }
        for f in one_or_many(principal.get("Federated")) {
            let arn = f.starts_with("arn:") && (f.contains(":oidc-provider/") || f.contains(":saml-provider/"));
            let domain = !f.contains([':', '/', ' ']) && f.contains('.');
            if !arn && !domain && f != "*" {
                return Err(malformed("Federated principals must be valid domain names or SAML metadata ARNs"));
            }
        }
        let actions = one_or_many(s.get("Action").or_else(|| s.get("NotAction")));
        if actions.is_empty() {
            return Err(malformed("Missing required field Action"));
        }
        if !actions.iter().all(|a| a == "*" || a.to_ascii_lowercase().starts_with("sts:")) {
            return Err(malformed("AssumeRole policy may only specify STS AssumeRole actions."));
        }
    }
    let size = document.chars().filter(|c| !c.is_whitespace()).count();
    if size > TRUST_QUOTA {
        return Err(AwsFault::new(409, "LimitExceeded", "Cannot exceed quota for ACLSizePerRole: 2048"));
    }
    Ok(())
}

/// A role or user named as a principal must exist; the lab knows its own accounts' roles alone.
fn check_aws_principals(account: &Account, principal: &Value) -> Result<(), AwsFault> {
    for arn in one_or_many(principal.get("AWS")) {
        let named = arn.split_once(":role/").and_then(|(head, rest)| {
            let owner = account.member(head.rsplit(':').next()?)?;
            Some(owner.role(rest.rsplit('/').next()?).is_some())
        });
        if named == Some(false) {
            return Err(malformed(format!("Invalid principal in policy: \"AWS\":\"{arn}\"")));
        }
    }
    Ok(())
}

/// Operations on roles and their policies.
pub(crate) const OPERATIONS: [&str; 17] = [
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
            trust.map(|document| check_trust(account, document)).transpose()?;
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
            crate::managed::check(document)?;
            role.inline.insert(name.to_owned(), document.to_owned());
        }
        "DeleteRolePolicy" => {
            let name = validate::text(form, "PolicyName", 1, 128)?;
            role.inline
                .remove(name)
                .ok_or_else(|| AwsFault::missing(format!("The role policy with name {name} cannot be found.")))?;
        }
        "TagRole" => role.tags = tagged(&role.tags, form.tags())?,
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
            "The specified value for roleName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-",
        ));
    }
    let path = form.get("Path").unwrap_or("/");
    if !path.starts_with('/') || !path.ends_with('/') || path.len() > 512 {
        return Err(AwsFault::validation(
            "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.",
        ));
    }
    let trust_policy = validate::text(form, "AssumeRolePolicyDocument", 1, 131_072)?.to_owned();
    let max_session = validate::number(form, "MaxSessionDuration", 3600, 43_200)?.unwrap_or(3600);
    check_trust(account, &trust_policy)?;
    let role = Role {
        name,
        path: path.to_owned(),
        trust_policy,
        max_session,
        created: account.now(),
        attached: Vec::new(),
        inline: BTreeMap::new(),
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
        format!("<RoleLastUsed>{}</RoleLastUsed>", used.unwrap_or_default()),
        members("Tags", r.tags.iter().map(|(k, v)| format!("{}{}", tag("Key", k), tag("Value", v)))),
    ]
    .concat()
}
