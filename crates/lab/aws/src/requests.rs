//! Condition keys that requests bring along, whatever they ask for (IAM User Guide, "AWS global condition context
//! keys").

use std::collections::BTreeMap;

use crate::account::Account;
use crate::language::Keys;
use crate::sigv4::Caller;
use crate::state::Principal;

/// Where a request came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    /// Address of the caller: the first of `X-Forwarded-For`, by which the lab's nodes say which of them a pod is on,
    /// else loopback.
    pub(crate) address: String,
    /// `User-Agent`, as it was sent.
    pub(crate) agent: Option<String>,
}

impl Origin {
    /// Longest user agent kept: `CloudTrail` cuts at 1 KB ("`CloudTrail` record contents").
    const LONGEST: usize = 1024;

    /// The origin of a request with these headers.
    pub(crate) fn of(headers: &http::HeaderMap) -> Self {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let first = header("x-forwarded-for").and_then(|list| list.split(',').next()).map(str::trim);
        let address = first.filter(|text| text.parse::<std::net::IpAddr>().is_ok());
        Self {
            address: address.unwrap_or("127.0.0.1").to_owned(),
            agent: header("user-agent").map(|text| text.chars().take(Self::LONGEST).collect()),
        }
    }
}

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
    match &caller.principal {
        Principal::User { name, .. } => {
            put("aws:principaltype", "User".to_owned());
            put("aws:username", name.clone());
            put("aws:userid", crate::callers::role_id(name).replace("AROA", "AIDA"));
            put("aws:principalarn", crate::policy::arn(account, &caller.principal));
        }
        Principal::Session { role, session, began, tags } => {
            put("aws:principaltype", "AssumedRole".to_owned());
            put("aws:userid", format!("{}:{session}", crate::callers::role_id(role)));
            put("aws:tokenissuetime", began.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
            // For a session, the role's ARN and not the session's (same page).
            let known = account.role(role);
            put("aws:principalarn", known.as_ref().map(|role| account.role_arn(role)).unwrap_or_default());
            // A session's tag wins over its role's of that key (IAM User Guide, "Pass session tags in AWS STS").
            let own: BTreeMap<String, String> = known.map(|role| role.tags).unwrap_or_default();
            for (key, value) in own.iter().chain(tags) {
                put(&format!("aws:principaltag/{}", key.to_ascii_lowercase()), value.clone());
            }
        }
    }
    keys
}
