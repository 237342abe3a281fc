//! Roles as principals of trust policies. IAM keeps a role's unique id in place of its ARN, and shows the ARN as long
//! as that role is there: "if you delete the role, then you break the relationship", even when another one is made
//! under its name (IAM User Guide, "AWS JSON policy elements: Principal", "IAM role principals").

use std::collections::BTreeMap;

use serde_json::Value;

use crate::account::Account;
use crate::callers::lasting_id;
use crate::language::{one_or_many, statements};
use crate::state::Role;
use crate::sts::role_of;

impl Account {
    /// Makes or replaces a role. One that is put back under a name is the same one, other than with IAM's operations.
    pub fn put_role(&self, role: Role) {
        let trusted = trusted(self, &role.trust_policy);
        let mut state = self.state();
        let kept = state.kept.entry(role.name.clone()).or_default();
        if kept.id.is_empty() {
            kept.id = lasting_id("AROA", &role.name);
        }
        kept.trusted = trusted;
        state.roles.insert(role.name.clone(), role);
    }
}

/// Unique ids of the roles that a trust policy names, by ARN. A role that is not there, or is not the lab's, has none.
pub(crate) fn trusted(account: &Account, document: &str) -> BTreeMap<String, String> {
    let Ok(document) = serde_json::from_str::<Value>(document) else { return BTreeMap::new() };
    let named = statements(&document).into_iter().flat_map(|s| one_or_many(s.pointer("/Principal/AWS")));
    named.filter_map(|arn| id_of(account, &arn).map(|id| (arn, id))).collect()
}

/// The unique id of the role that has an ARN now.
pub(crate) fn id_of(account: &Account, arn: &str) -> Option<String> {
    let owner = account.owner_of(arn)?;
    role_of(&owner, arn).map(|role| owner.role_id(&role.name))
}

/// The trust policy as IAM shows it: with the ids of those roles that are no more.
pub(crate) fn shown(account: &Account, role: &Role) -> String {
    let trusted = account.state().kept.get(&role.name).map(|kept| kept.trusted.clone()).unwrap_or_default();
    let gone: BTreeMap<String, String> =
        trusted.into_iter().filter(|(arn, id)| id_of(account, arn).as_ref() != Some(id)).collect();
    let document = serde_json::from_str::<Value>(&role.trust_policy).ok().filter(|_| !gone.is_empty());
    let Some(mut document) = document else { return role.trust_policy.clone() };
    let all = match document.get_mut("Statement") {
        Some(Value::Array(all)) => all.iter_mut().collect(),
        Some(one) => vec![one],
        None => Vec::new(),
    };
    for principal in all.into_iter().filter_map(|statement| statement.pointer_mut("/Principal/AWS")) {
        if let Some(many) = principal.as_array_mut() {
            for one in many {
                put_id(one, &gone);
            }
        } else {
            put_id(principal, &gone);
        }
    }
    document.to_string()
}

fn put_id(principal: &mut Value, gone: &BTreeMap<String, String>) {
    if let Some(id) = principal.as_str().and_then(|arn| gone.get(arn)) {
        *principal = Value::String(id.clone());
    }
}
