//! Refused actions, and what the name of the one who acted says about the refusal.

use crate::marks::{self, any};
use crate::symptom::Symptom;
use crate::text::{action, extract};

/// `sts:TagSession`, refused by itself: the role's trust policy admits the identity and not its tags. In lower case.
const TAGGING: &[&str] = &["not authorized to perform: sts:tagsession", "not authorized to perform sts:tagsession"];

/// The exchange was refused by its code alone: `CloudTrail` has "An unknown error occurred" for words.
pub(crate) fn of_web_identity(lower: &str) -> Option<(Symptom, usize)> {
    let at = lower.find("(accessdenied) when calling the assumerolewithwebidentity operation")?;
    (!any(lower, TAGGING)).then_some((Symptom::NotAuthorizedWebIdentity, at))
}

/// `is not authorized to perform`, and what the caller's name says about it.
pub(crate) fn refused_action(text: &str, lower: &str) -> Option<(Symptom, usize)> {
    let words = [
        "is not authorized to perform",
        "unauthorizedoperation",
        "you are not authorized to perform",
        "accessdenied",
        "access denied",
        // OpenDAL's kind of error, with the service beside it.
        "permissiondenied (",
    ];
    let at = words.iter().chain(TAGGING).find_map(|m| lower.find(m)).or_else(|| s3_forbids(lower))?;
    if lower.contains("assumerolewithwebidentity")
        && !lower.contains("is not authorized to perform: ")
        && !any(lower, TAGGING)
    {
        return None;
    }
    // A rule of the API that no policy changes (STS API reference, GetSessionToken and GetFederationToken).
    if marks::is_another_cloud(lower) || lower.contains("with session credentials") {
        return None;
    }
    let action = action::denied(text);
    if let Some(name) = extract::assumed_role(text) {
        let (role, session) = name.split_once('/').unwrap_or((name, ""));
        if action.as_deref() == Some("sts:AssumeRole") {
            let same = extract::role_arn(text, None).is_some_and(|r| r.rsplit('/').next() == Some(role));
            // An instance that assumes its own role: a pod without an identity acts as the node, or behind a proxy of
            // its metadata.
            let own = if same { Symptom::AssumeRoleSelf } else { Symptom::AssumeRoleDenied };
            return Some((node_or(session, own), at));
        }
        return Some((node_or(session, Symptom::AccessDeniedAction), at));
    }
    // Java's own exception is about a file, but for Hadoop's, which names an object by it; who could not assume a role
    // was refused that and nothing else.
    let object = lower.contains("s3a://") && (lower.contains("status code: 403") || s3_forbids(lower).is_some());
    let file = lower.contains("java.nio.file.accessdenied") && !object;
    if file || lower.contains("unable to assume role") && action.is_none() {
        return None;
    }
    // The words are anybody's; the action in AWS's form is not, nor is a mark of AWS beside them.
    let named = action.is_some() || lower.contains("unauthorizedoperation");
    let words = lower.contains("is not authorized to perform")
        || lower.contains("accessdenied")
        || lower.contains("permissiondenied (") && lower.contains("service: s3")
        || s3_forbids(lower).is_some();
    (named || words && marks::is_aws(lower)).then_some((Symptom::AccessDeniedAction, at))
}

/// S3's refusal in the words of clients that leave its code out: the SDKs for Java and .NET name the service and the
/// status, others a status alone for what has no body (S3 API reference, `HeadObject`), `DuckDB` always.
fn s3_forbids(lower: &str) -> Option<usize> {
    const S3: &[&str] = &["s3exception: access denied", "s3exception: forbidden", "service: s3, status code: 403"];
    let python = || lower.find("an error occurred (403) when calling the head").filter(|_| lower.contains("forbidden"));
    let go = || {
        let s3 = lower.contains("operation error s3: ") || lower.contains("host id: ");
        lower.find("forbidden: forbidden").filter(|_| s3)
    };
    let duck = || lower.find("(http 403)").filter(|_| lower.contains(".amazonaws.com/") && lower.contains("s3"));
    S3.iter().find_map(|m| lower.find(m)).or_else(python).or_else(go).or_else(duck)
}

/// An instance's session is named by its id: `i-` and hexadecimal digits.
fn node_or(session: &str, other: Symptom) -> Symptom {
    let id = session.strip_prefix("i-").unwrap_or_default();
    let hex = id.len() >= 2 && id.bytes().all(|b| b.is_ascii_hexdigit() || matches!(b, b'.' | b'*' | b'x'));
    if hex { Symptom::NodeRoleUsed } else { other }
}
