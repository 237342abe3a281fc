//! IAM: instance profiles (IAM API reference). They hold a role each; instances are not the lab's.

use std::collections::BTreeMap;

use crate::account::Account;
use crate::callers::unique_id;
use crate::outcome::{AwsFault, Outcome, tag};
use crate::paging::page;
use crate::query::Parameters;
use crate::role_xml::{View, role as shown, time};
use crate::roles::path_of;
use crate::state::Profile;
use crate::tags::{self, Case, tagged, untag};
use crate::validate;

/// Operations on instance profiles.
pub(crate) const OPERATIONS: [&str; 10] = [
    "CreateInstanceProfile",
    "GetInstanceProfile",
    "DeleteInstanceProfile",
    "ListInstanceProfiles",
    "ListInstanceProfilesForRole",
    "AddRoleToInstanceProfile",
    "RemoveRoleFromInstanceProfile",
    "TagInstanceProfile",
    "UntagInstanceProfile",
    "ListInstanceProfileTags",
];

/// Carries out one of [`OPERATIONS`].
pub(crate) fn call(account: &Account, action: &str, form: &Parameters) -> Outcome {
    match action {
        "CreateInstanceProfile" => return create(account, form),
        "ListInstanceProfiles" => {
            let prefix = form.get("PathPrefix").unwrap_or("/");
            return list(account, form, |profile| profile.path.starts_with(prefix));
        }
        "ListInstanceProfilesForRole" => {
            let role = validate::text(form, "RoleName", 1, 64)?;
            known_role(account, role)?;
            return list(account, form, |profile| profile.role.as_deref() == Some(role));
        }
        _ => {}
    }
    let name = validate::text(form, "InstanceProfileName", 1, 128)?;
    let missing = || AwsFault::missing(format!("Instance Profile {name} cannot be found."));
    let profile = account.state().profiles.get(name).cloned().ok_or_else(missing)?;
    match action {
        "GetInstanceProfile" => return Ok(format!("<InstanceProfile>{}</InstanceProfile>", inside(account, &profile))),
        "ListInstanceProfileTags" => return tags::paged(form, &profile.tags),
        _ => {}
    }
    let role = match action {
        "AddRoleToInstanceProfile" | "RemoveRoleFromInstanceProfile" => {
            let role = validate::text(form, "RoleName", 1, 64)?;
            known_role(account, role)?;
            Some(role)
        }
        _ => None,
    };
    let mut state = account.state();
    let profile = state.profiles.get_mut(name).ok_or_else(missing)?;
    match (action, role) {
        ("AddRoleToInstanceProfile", Some(_)) if profile.role.is_some() => {
            let text = "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1";
            return Err(AwsFault::new(409, "LimitExceeded", text));
        }
        ("AddRoleToInstanceProfile", Some(role)) => profile.role = Some(role.to_owned()),
        ("RemoveRoleFromInstanceProfile", Some(role)) => {
            if profile.role.take_if(|known| known == role).is_none() {
                return Err(AwsFault::missing(format!("The role with name {role} cannot be found.")));
            }
        }
        ("TagInstanceProfile", _) => profile.tags = tagged(&profile.tags, &form.tags(), Case::Counts)?,
        ("UntagInstanceProfile", _) => untag(&mut profile.tags, form, Case::Counts),
        // Deleting is what is left.
        _ if profile.role.is_some() => {
            let text = "Cannot delete entity, must remove roles from instance profile first.";
            return Err(AwsFault::new(409, "DeleteConflict", text));
        }
        _ => {
            state.profiles.remove(name);
        }
    }
    Ok(String::new())
}

fn known_role(account: &Account, name: &str) -> Result<(), AwsFault> {
    let missing = || AwsFault::missing(format!("The role with name {name} cannot be found."));
    account.role(name).map(|_| ()).ok_or_else(missing)
}

/// The instance profiles of a role, as answers show them.
pub(crate) fn of_role(account: &Account, role: &str) -> Vec<String> {
    let all: Vec<Profile> = account.state().profiles.values().cloned().collect();
    all.iter().filter(|p| p.role.as_deref() == Some(role)).map(|profile| inside(account, profile)).collect()
}

fn list(account: &Account, form: &Parameters, wanted: impl Fn(&Profile) -> bool) -> Outcome {
    let all: Vec<Profile> = account.state().profiles.values().filter(|profile| wanted(profile)).cloned().collect();
    page(form, "InstanceProfiles", all.iter().map(|profile| (profile.name.clone(), inside(account, profile))))
}

fn create(account: &Account, form: &Parameters) -> Outcome {
    let name = validate::text(form, "InstanceProfileName", 1, 128)?.to_owned();
    if !validate::is_name(&name) {
        return Err(AwsFault::validation(
            "The specified value for instanceProfileName is invalid. It must contain only alphanumeric characters \
             and/or the following: +=,.@_-",
        ));
    }
    let profile = Profile {
        id: unique_id("AIPA"),
        path: path_of(form)?,
        created: account.now(),
        role: None,
        tags: tagged(&BTreeMap::new(), &form.tags(), Case::Counts)?,
        name,
    };
    let name = profile.name.clone();
    let mut state = account.state();
    if state.profiles.contains_key(&name) {
        let text = format!("Instance Profile {name} already exists.");
        return Err(AwsFault::new(409, "EntityAlreadyExists", text));
    }
    state.profiles.insert(name, profile.clone());
    drop(state);
    Ok(format!("<InstanceProfile>{}</InstanceProfile>", inside(account, &profile)))
}

/// The ARN of an instance profile.
pub(crate) fn arn(account: &Account, path: &str, name: &str) -> String {
    let c = &account.config;
    format!("arn:{}:iam::{}:instance-profile{path}{name}", c.partition, c.account_id)
}

fn inside(account: &Account, profile: &Profile) -> String {
    let role = profile.role.as_ref().and_then(|name| account.role(name));
    let roles = role.iter().map(|role| shown(account, role, View::Listed));
    [
        tag("Path", &profile.path),
        tag("InstanceProfileName", &profile.name),
        tag("InstanceProfileId", &profile.id),
        tag("Arn", &arn(account, &profile.path, &profile.name)),
        tag("CreateDate", &time(profile.created)),
        crate::outcome::members("Roles", roles),
        tags::list(&profile.tags),
    ]
    .concat()
}
