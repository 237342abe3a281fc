//! Refused actions, and what the name of the one who acted says about the refusal.

use crate::marks;
use crate::symptom::Symptom;
use crate::text::extract;

/// `is not authorized to perform`, and what the caller's name says about it.
pub(crate) fn refused_action(text: &str, lower: &str) -> Option<(Symptom, usize)> {
    let at = [
        "is not authorized to perform",
        "unauthorizedoperation",
        "you are not authorized to perform",
        "accessdenied",
        "access denied",
        // OpenDAL's kind of error, with the service beside it.
        "permissiondenied (",
    ]
    .iter()
    .find_map(|m| lower.find(m))?;
    if lower.contains("assumerolewithwebidentity") && !lower.contains("is not authorized to perform: ") {
        return None;
    }
    if marks::is_another_cloud(lower) {
        return None;
    }
    let action = extract::denied_action(text);
    if let Some(name) = extract::assumed_role(text) {
        let (role, session) = name.split_once('/').unwrap_or((name, ""));
        if action.as_deref() == Some("sts:AssumeRole") {
            let same = extract::role_arn(text).is_some_and(|r| r.rsplit('/').next() == Some(role));
            // An instance that assumes its own role: a pod without an identity acts as the node, or behind a proxy of its
            // metadata.
            let own = if same { Symptom::AssumeRoleSelf } else { Symptom::AssumeRoleDenied };
            return Some((node_or(session, own), at));
        }
        return Some((node_or(session, Symptom::AccessDeniedAction), at));
    }
    // Java's own exception is about a file; who could not assume a role was refused that and nothing else.
    if lower.contains("java.nio.file.accessdenied") || lower.contains("unable to assume role") && action.is_none() {
        return None;
    }
    // The words are anybody's; the action in AWS's form is not, nor is a mark of AWS beside them.
    let named = action.is_some() || lower.contains("unauthorizedoperation");
    let words = lower.contains("is not authorized to perform")
        || lower.contains("accessdenied")
        || lower.contains("permissiondenied (") && lower.contains("service: s3");
    (named || words && marks::is_aws(lower)).then_some((Symptom::AccessDeniedAction, at))
}

/// An instance's session is named by its id: `i-` and hexadecimal digits.
fn node_or(session: &str, other: Symptom) -> Symptom {
    let id = session.strip_prefix("i-").unwrap_or_default();
    let hex = id.len() >= 2 && id.bytes().all(|b| b.is_ascii_hexdigit() || matches!(b, b'.' | b'*' | b'x'));
    if hex { Symptom::NodeRoleUsed } else { other }
}
