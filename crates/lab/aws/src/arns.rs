//! By which ARNs and ids callers are known.

use crate::account::Account;
use crate::callers::lasting_id;
use crate::state::Principal;

/// ARN by which a caller is known.
pub(crate) fn arn(account: &Account, principal: &Principal) -> String {
    match principal {
        Principal::User { name, .. } => user_arn(account, name),
        Principal::Session(session) => session_arn(account, &session.role, &session.name),
    }
}

/// The id by which a caller is known: `aws:userid` (IAM User Guide, "IAM policy elements: Variables and tags",
/// "Principal key values").
pub(crate) fn id(principal: &Principal) -> String {
    match principal {
        Principal::User { name, .. } => lasting_id("AIDA", name),
        Principal::Session(session) => format!("{}:{}", session.role_id, session.name),
    }
}

/// ARN of a role's session.
pub(crate) fn session_arn(account: &Account, role: &str, session: &str) -> String {
    format!("arn:{}:sts::{}:assumed-role/{role}/{session}", account.config.partition, account.config.account_id)
}

/// ARN of a user of the account, if there is one of that name.
pub(crate) fn user(account: &Account, wanted: &str) -> Option<String> {
    let state = account.state();
    let known = state.keys.values().any(|(_, who)| matches!(who, Principal::User { name, .. } if name == wanted));
    drop(state);
    known.then(|| user_arn(account, wanted))
}

fn user_arn(account: &Account, name: &str) -> String {
    format!("arn:{}:iam::{}:user/{name}", account.config.partition, account.config.account_id)
}
