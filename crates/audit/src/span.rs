//! Trust that depends on the day: grants whose time is over, and those whose time ends.

use trustwalk_core::cause::Cause;
use trustwalk_trust_policy::Closing;

use crate::dead::Dead;
use crate::finding::{About, Finding};
use crate::grants::Grant;
use crate::inventory::Role;
use crate::rule::{Own, Rule};

/// Why a grant admits nobody any more.
pub(crate) fn over(closing: Closing) -> Option<Dead> {
    (closing == Closing::Already)
        .then(|| Dead { cause: Cause::TrustConditionNotMet, why: "the time that it asks for is past".to_owned() })
}

/// That a grant will end.
pub(crate) fn ends(closing: Closing, role: &Role, grant: &Grant<'_>) -> Option<Finding> {
    let Closing::At(at) = closing else { return None };
    let part = grant.statement.to_string();
    let moment = jiff::Timestamp::from_second(at).ok()?.strftime("%Y-%m-%d %H:%M:%SZ").to_string();
    let message = format!("it admits nobody from {moment} on");
    let (own, about) = (Rule::Own(Own::TrustEnds), About::Role(role.arn.clone()));
    let finding = Finding::new(own, about, message, &[part.as_str(), grant.trusted.name()]);
    let mut finding = finding.at(grant.statement).in_place(role.place.as_ref());
    finding.when = Some(at);
    Some(finding)
}
