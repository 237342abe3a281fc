//! The moments that policies name.

use trustwalk_core::evidence::Evidence;
use trustwalk_trust_policy::Document;

/// What stands, in lower case, in a policy that asks for the time.
const KEYS: [&str; 2] = ["aws:currenttime", "aws:epochtime"];

/// Every moment at which a policy of the identity may begin to answer otherwise.
pub(crate) fn named(e: &Evidence) -> Vec<i64> {
    let trust = [e.role.known(), e.association_role.known(), e.association_target.known()];
    let trust = trust.into_iter().flatten().map(|role| role.trust_policy.as_str());
    let lists = [e.policies.known(), e.association_policies.known(), e.association_own_policies.known()];
    let own = lists.into_iter().flatten().flatten().filter_map(|policy| policy.document.as_deref());
    trust.chain(own).flat_map(of_document).collect()
}

fn of_document(text: &str) -> Vec<i64> {
    // Parsing is for those that have a moment in them.
    let lower = text.to_ascii_lowercase();
    if !KEYS.iter().any(|key| lower.contains(key)) {
        return Vec::new();
    }
    Document::parse(text).map(|document| document.moments()).unwrap_or_default()
}
