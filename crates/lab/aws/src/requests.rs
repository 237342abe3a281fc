//! Condition keys that requests bring along, whatever they ask for (IAM User Guide, "AWS global condition context
//! keys").

use std::collections::BTreeMap;

use crate::account::Account;
use crate::language::Keys;
use crate::origin::Origin;
use crate::sigv4::Caller;
use crate::state::Principal;

/// What every request has: the time, the address, TLS, the region, and the client's name for itself.
///
/// The lab's endpoint is reached without TLS and stands for AWS's, which is reached with it.
pub(crate) fn always(account: &Account, origin: &Origin) -> Keys {
    let now = account.now();
    let mut keys = Keys::new();
    let mut put = |key: &str, value: String| keys.insert(key.to_owned(), vec![value]);
    put("aws:currenttime", now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
    put("aws:epochtime", now.as_second().to_string());
    put("aws:securetransport", "true".to_owned());
    put("aws:sourceip", origin.address.clone());
    put("aws:requestedregion", account.config.region.clone());
    put("aws:viaawsservice", "false".to_owned());
    if let Some(agent) = &origin.agent {
        put("aws:useragent", agent.clone());
    }
    keys
}

/// The keys of a signed request: what every request has, and who asks.
pub(crate) fn keys_of(account: &Account, caller: &Caller) -> Keys {
    let mut keys = always(account, &caller.origin);
    let mut put = |key: &str, value: String| keys.insert(key.to_owned(), vec![value]);
    put("aws:principalaccount", account.config.account_id.clone());
    put("aws:principalisawsservice", "false".to_owned());
    put("aws:userid", crate::arns::id(&caller.principal));
    match &caller.principal {
        Principal::User { name, .. } => {
            put("aws:principaltype", "User".to_owned());
            put("aws:username", name.clone());
            put("aws:principalarn", crate::arns::arn(account, &caller.principal));
        }
        Principal::Session(session) => {
            put("aws:principaltype", "AssumedRole".to_owned());
            put("aws:tokenissuetime", session.began.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
            // For a session, the role's ARN and not the session's (same page).
            let known = account.role(&session.role).filter(|_| account.lives(session));
            put("aws:principalarn", known.as_ref().map(|role| account.role_arn(role)).unwrap_or_default());
            if let Some(identity) = &session.source_identity {
                put("aws:sourceidentity", identity.clone());
            }
            // A session's tag wins over its role's of that key (IAM User Guide, "Pass session tags in AWS STS").
            let own: BTreeMap<String, String> = known.map(|role| role.tags).unwrap_or_default();
            for (key, value) in own.iter().chain(&session.tags) {
                put(&format!("aws:principaltag/{}", key.to_ascii_lowercase()), value.clone());
            }
            keys.extend(session.federated.iter().map(|(key, values)| (key.clone(), values.clone())));
        }
    }
    keys
}
