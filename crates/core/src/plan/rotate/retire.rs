//! The step after the switch: what nobody presents any more is taken away.

use super::{Course, MAX_THUMBPRINTS, Parts, time};
use crate::evidence::certificates;
use crate::question::Weighed;

/// What is to be retired, and when.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Retiring {
    /// Thumbprints that go; where none is named, the one that nobody presents and the chain that came does not have.
    pub old: Vec<String>,
    /// The chain that goes, as it was presented before the switch, base64 of DER.
    pub outgoing: Vec<String>,
    /// The time before which nothing goes, Unix seconds.
    pub not_before: Option<i64>,
}

pub(super) fn course(parts: &Parts<'_>, wish: &Retiring) -> Course {
    let old = match old(parts, wish) {
        Ok(old) => old,
        Err(course) => return course,
    };
    let goes = |t: &str| old.iter().any(|o| o.eq_ignore_ascii_case(t));
    let mut waits: Vec<String> = Vec::new();
    waits.extend(parts.unread.iter().map(|why| format!("what is presented there is not known: {why}")));
    if parts.shown.is_empty() && parts.unread.is_empty() {
        waits.push("no host of the issuer was read".to_owned());
    }
    let mut rest: Vec<String> = parts.provider.thumbprints.iter().filter(|t| !goes(t)).cloned().collect();
    if rest.is_empty() {
        // IAM keeps one at least (`UpdateOpenIDConnectProviderThumbprint`): it is the one that is presented.
        for takes in parts.shown.iter().filter_map(|(_, w)| w.takes.clone()) {
            if !rest.contains(&takes) && rest.len() < MAX_THUMBPRINTS {
                rest.push(takes);
            }
        }
    }
    waits.extend(parts.shown.iter().filter_map(|(place, w)| kept_by(place, w, (&old, &rest), parts.incoming)));
    waits.extend(too_early(parts, wish));
    if let Some(refused) = parts.evidence.exchange.known().filter(|x| x.assumed.is_none()) {
        let said = refused.message.clone().or_else(|| refused.code.clone()).unwrap_or_default();
        waits.push(format!(
            "STS refuses already ({said}), so nobody could tell what taking the thumbprint away did: repair that \
             first, with `trustwalk fix`"
        ));
    }
    if waits.is_empty() { Course::Set(rest) } else { Course::Waits(waits) }
}

/// The thumbprints that are to go.
fn old(parts: &Parts<'_>, wish: &Retiring) -> Result<Vec<String>, Course> {
    let waits = |why: String| Err(Course::Waits(vec![why]));
    let registered = &parts.provider.thumbprints;
    if let Some(unknown) = wish.old.iter().find(|o| !parts.registers(o)) {
        return waits(format!("{unknown} is not registered: registered are {}", registered.join(", ")));
    }
    let going = certificates(&wish.outgoing);
    let of_chain = |t: &String| going.iter().any(|c| c.sha1().as_str().eq_ignore_ascii_case(t));
    let named: Vec<String> = registered
        .iter()
        .filter(|t| of_chain(t) || wish.old.iter().any(|o| o.eq_ignore_ascii_case(t)))
        .cloned()
        .collect();
    if !named.is_empty() {
        return Ok(named);
    }
    if !wish.outgoing.is_empty() {
        return Err(Course::Needless("nothing of the outgoing chain is registered".to_owned()));
    }
    // Before the switch it is the incoming one that nobody presents: what is presented does not tell the two apart.
    if parts.incoming.is_none() {
        return waits(
            "which thumbprint is old is not known: name it with --old, or give the chain that went with --outgoing, or \
             the one that came with --incoming or --incoming-host"
                .to_owned(),
        );
    }
    let spare = parts.spare();
    match spare.as_slice() {
        [_] => Ok(spare),
        [] => {
            let by: Vec<&str> = parts.shown.iter().map(|(place, _)| *place).collect();
            Err(Course::Needless(format!(
                "whatever is registered and is not of the incoming chain is presented, by {}",
                by.join(", ")
            )))
        }
        several => waits(format!(
            "nobody presents any of {}: name what is old with --old, or give the chain that went with --outgoing",
            several.join(", ")
        )),
    }
}

/// Why what an address presents keeps the old one.
fn kept_by(
    place: &str,
    w: &Weighed,
    (old, rest): (&[String], &[String]),
    incoming: Option<&Weighed>,
) -> Option<String> {
    if let Some(still) = old.iter().find(|o| w.has(o)) {
        return Some(format!("{place} still presents {still}"));
    }
    if let Some(doubt) = w.doubt.as_ref().filter(|_| w.consulted) {
        return Some(format!("what {place} presents is not verified: {doubt}"));
    }
    if let Some(takes) = incoming.and_then(|i| i.takes.as_ref()).filter(|t| !w.has(t) && same_host(w, incoming)) {
        return Some(format!("{place} does not present the incoming chain, of {takes}"));
    }
    let held = rest.iter().any(|t| w.has(t));
    (w.consulted && !held)
        .then(|| format!("{place} presents {}, which is not registered", w.takes.as_deref().unwrap_or("nothing")))
}

fn same_host(w: &Weighed, other: Option<&Weighed>) -> bool {
    other.is_some_and(|o| o.host == w.host)
}

/// Why it is too early, or why nobody knows whether it is.
fn too_early(parts: &Parts<'_>, wish: &Retiring) -> Option<String> {
    let expires = || certificates(&wish.outgoing).first().map(trustwalk_x509::Certificate::not_after);
    let now = parts.evidence.now;
    let (deadline, what) = match (wish.not_before, expires()) {
        (Some(at), _) => (at, "the time of --not-before"),
        (None, Some(at)) => (at, "the expiry of the outgoing certificate"),
        (None, None) => {
            return Some(
                "until when the old certificate may come back is not known: give --not-before TIME, or the chain \
                 that went with --outgoing FILE, whose certificate's expiry is the deadline"
                    .to_owned(),
            );
        }
    };
    (now < deadline).then(|| format!("it is too early: {what}, {}, has not come (now {})", time(deadline), time(now)))
}
