//! IAM: roles, their trust and their policies.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::account::Account;
use crate::outcome::{AwsFault, Outcome, escape, members, tag};
use crate::policy::{one_or_many, statements};
use crate::query::{Parameters, encode};
use crate::state::Role;

/// Characters of a trust policy (IAM quotas).
const TRUST_QUOTA: usize = 2048;

fn malformed(text: &str) -> AwsFault {
    AwsFault::new(400, "MalformedPolicyDocument", text)
}

/// IAM's checks when a trust policy is saved.
fn check_trust(document: &str) -> Result<(), AwsFault> {
    let value: Value = serde_json::from_str(document).map_err(|_| malformed("This policy contains invalid Json"))?;
    let all = statements(&value);
    if all.is_empty() {
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
        for f in one_or_many(principal.get("Federated")) {
            let arn = f.starts_with("arn:") && (f.contains(":oidc-provider/") || f.contains(":saml-provider/"));
            let domain = !f.contains([':', '/', ' ']) && f.contains('.');
            if !arn && !domain && f != "*" {
                return Err(malformed("Federated principals must be valid domain names or SAML metadata ARNs"));
            }
        }
        if !one_or_many(s.get("Action")).iter().all(|a| a == "*" || a.to_ascii_lowercase().starts_with("sts:")) {
            return Err(malformed("AssumeRole policy may only specify STS AssumeRole actions."));
        }
    }
    let size = document.chars().filter(|c| !c.is_whitespace()).count();
    if size > TRUST_QUOTA {
        return Err(AwsFault::new(409, "LimitExceeded", "Cannot exceed quota for ACLSizePerRole: 2048"));
    }
    Ok(())
}

/// Operations on roles and policies.
pub(crate) fn call(account: &Account, action: &str, form: &Parameters) -> Outcome {
    match action {
        "CreateRole" => return create(account, form),
        "ListRoles" => {
            let roles: Vec<Role> = account.state().roles.values().cloned().collect();
            return Ok(format!(
                "{}<IsTruncated>false</IsTruncated>",
                members("Roles", roles.iter().map(|r| inside(account, r)))
            ));
        }
        "GetPolicy" | "GetPolicyVersion" => return managed(account, action, form),
        _ => {}
    }
    let name = form.text("RoleName");
    let mut role =
        account.role(&name).ok_or_else(|| AwsFault::missing(format!("The role with name {name} cannot be found.")))?;
    match action {
        "GetRole" => return Ok(format!("<Role>{}</Role>", inside(account, &role))),
        "ListAttachedRolePolicies" => {
            let item = |arn: &String| {
                format!("{}{}", tag("PolicyName", arn.rsplit('/').next().unwrap_or_default()), tag("PolicyArn", arn))
            };
            return Ok(format!(
                "{}<IsTruncated>false</IsTruncated>",
                members("AttachedPolicies", role.attached.iter().map(item))
            ));
        }
        "ListRolePolicies" => {
            return Ok(format!(
                "{}<IsTruncated>false</IsTruncated>",
                members("PolicyNames", role.inline.keys().map(|k| escape(k)))
            ));
        }
        "GetRolePolicy" => {
            let policy = form.text("PolicyName");
            let document = role
                .inline
                .get(&policy)
                .ok_or_else(|| AwsFault::missing(format!("The role policy with name {policy} cannot be found.")))?;
            return Ok([
                tag("RoleName", &name),
                tag("PolicyName", &policy),
                tag("PolicyDocument", &encode(document, false)),
            ]
            .concat());
        }
        "ListRoleTags" => {
            let tags = role.tags.iter().map(|(k, v)| format!("{}{}", tag("Key", k), tag("Value", v)));
            return Ok(format!("{}<IsTruncated>false</IsTruncated>", members("Tags", tags)));
        }
        "DeleteRole" => {
            account.delete_role(&name);
            return Ok(String::new());
        }
        "UpdateAssumeRolePolicy" => {
            let document = form.text("PolicyDocument");
            check_trust(&document)?;
            role.trust_policy = document;
        }
        "UpdateRole" => {
            if let Some(seconds) = form.get("MaxSessionDuration").and_then(|s| s.parse().ok()) {
                role.max_session = seconds;
            }
        }
        "AttachRolePolicy" => {
            let arn = form.text("PolicyArn");
            if !account.state().policies.contains_key(&arn) {
                return Err(AwsFault::missing(format!("Policy {arn} does not exist or is not attachable.")));
            }
            if !role.attached.contains(&arn) {
                role.attached.push(arn);
            }
        }
        "DetachRolePolicy" => {
            let arn = form.text("PolicyArn");
            if !role.attached.contains(&arn) {
                return Err(AwsFault::missing(format!("Policy {arn} was not found.")));
            }
            role.attached.retain(|a| *a != arn);
        }
        "PutRolePolicy" => {
            let document = form.text("PolicyDocument");
            serde_json::from_str::<Value>(&document).map_err(|_| malformed("Syntax errors in policy."))?;
            role.inline.insert(form.text("PolicyName"), document);
        }
        "DeleteRolePolicy" => {
            role.inline.remove(&form.text("PolicyName"));
        }
        "TagRole" => role.tags.extend(form.tags()),
        other => {
            return Err(AwsFault::new(
                400,
                "InvalidAction",
                format!("Could not find operation {other} for version 2010-05-08"),
            ));
        }
    }
    account.put_role(role);
    Ok(String::new())
}

fn create(account: &Account, form: &Parameters) -> Outcome {
    let name = form.text("RoleName");
    let sound = !name.is_empty()
        && name.len() <= 64
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c));
    if !sound {
        return Err(AwsFault::validation(
            "The specified value for roleName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-",
        ));
    }
    if account.role(&name).is_some() {
        return Err(AwsFault::new(409, "EntityAlreadyExists", format!("Role with name {name} already exists.")));
    }
    let trust_policy = form.text("AssumeRolePolicyDocument");
    check_trust(&trust_policy)?;
    let role = Role {
        name,
        path: form.get("Path").unwrap_or("/").to_owned(),
        trust_policy,
        max_session: form.get("MaxSessionDuration").and_then(|s| s.parse().ok()).unwrap_or(3600),
        created: account.now(),
        attached: Vec::new(),
        inline: BTreeMap::new(),
        tags: form.tags(),
        last_used: None,
    };
    let xml = format!("<Role>{}</Role>", inside(account, &role));
    account.put_role(role);
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

fn managed(account: &Account, action: &str, form: &Parameters) -> Outcome {
    let arn = form.text("PolicyArn");
    let missing = || AwsFault::missing(format!("Policy {arn} was not found."));
    let document = account.state().policies.get(&arn).cloned().ok_or_else(missing)?;
    let version = if arn.ends_with("AmazonEKS_CNI_Policy") { "v5" } else { "v1" };
    if action == "GetPolicy" {
        let name = arn.rsplit('/').next().unwrap_or_default();
        let all = [
            tag("PolicyName", name),
            tag("Arn", &arn),
            tag("Path", "/"),
            tag("DefaultVersionId", version),
            tag("IsAttachable", "true"),
        ];
        return Ok(format!("<Policy>{}</Policy>", all.concat()));
    }
    if form.text("VersionId") != version {
        return Err(AwsFault::missing(format!(
            "Policy {arn} version {} does not exist or is not attachable.",
            form.text("VersionId")
        )));
    }
    let all = [tag("Document", &encode(&document, false)), tag("VersionId", version), tag("IsDefaultVersion", "true")];
    Ok(format!("<PolicyVersion>{}</PolicyVersion>", all.concat()))
}
