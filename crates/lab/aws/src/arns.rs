//! By which ARNs callers are known.

use crate::account::Account;
use crate::state::Principal;

/// ARN by which a caller is known.
pub(crate) fn arn(account: &Account, principal: &Principal) -> String {
    let c = &account.config;
    match principal {
        Principal::User { name, .. } => format!("arn:{}:iam::{}:user/{name}", c.partition, c.account_id),
        Principal::Session { role, session, .. } => session_arn(account, role, session),
    }
}

/// ARN of a role's session.
pub(crate) fn session_arn(account: &Account, role: &str, session: &str) -> String {
    format!("arn:{}:sts::{}:assumed-role/{role}/{session}", account.config.partition, account.config.account_id)
}
