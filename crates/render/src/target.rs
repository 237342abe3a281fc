//! What every report says alike: the target in words, and the marks of links.

use trustwalk_core::diagnosis::LinkState;
use trustwalk_core::evidence::{LogIdentity, Target};

use crate::page::{Ink, Inked, Pen};

/// The target in words.
pub fn target_words(target: &Target) -> String {
    match target {
        Target::Workload { resource, namespace, name } => {
            format!("{}/{name} in namespace {namespace}", resource.to_ascii_lowercase())
        }
        Target::ServiceAccount { namespace, name } => format!("serviceaccount/{name} in namespace {namespace}"),
        Target::Role { arn, subject: Some(sub) } => format!("{arn} for {sub}"),
        Target::Role { arn, subject: None } => arn.clone(),
        Target::Issuer { url } => url.clone(),
        Target::Job { name } => format!("CI job {name}"),
        Target::Log { name, identity } => {
            let log = if name == "-" { "the log on standard input".to_owned() } else { format!("log {name}") };
            identity.as_ref().map_or_else(|| log.clone(), |whose| format!("{log}, {}", whose_lines(whose)))
        }
    }
}

/// Of one of several identities of a log, which it is.
pub(crate) fn of_log(target: &Target) -> Option<String> {
    match target {
        Target::Log { identity: Some(identity), .. } => Some(whose_lines(identity)),
        Target::Log { identity: None, .. }
        | Target::Workload { .. }
        | Target::ServiceAccount { .. }
        | Target::Role { .. }
        | Target::Issuer { .. }
        | Target::Job { .. } => None,
    }
}

/// Whose lines of a log are meant.
fn whose_lines(identity: &LogIdentity) -> String {
    match (&identity.role, &identity.subject, &identity.issuer) {
        (Some(role), Some(subject), _) => format!("{role} for {subject}"),
        (Some(one), None, _) | (None, Some(one), _) | (None, None, Some(one)) => one.clone(),
        (None, None, None) => "its other lines".to_owned(),
    }
}

/// A link's mark.
pub(crate) fn mark(state: LinkState, pen: Pen) -> Inked<&'static str> {
    let (mark, colour) = match state {
        LinkState::Pass => ("\u{221a}", Ink::Good),
        LinkState::Seen => ("\u{b7}", Ink::Faint),
        LinkState::NotApplicable => ("-", Ink::Faint),
        LinkState::Undetermined => ("?", Ink::Odd),
        LinkState::Warning => ("\u{203c}", Ink::Odd),
        LinkState::Violated => ("\u{d7}", Ink::Bad),
        LinkState::Consequence => ("\u{2193}", Ink::Odd),
    };
    pen.ink(colour, mark)
}
