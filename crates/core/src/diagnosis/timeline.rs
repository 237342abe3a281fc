//! What changed, oldest first: the first thing anyone asks.

use std::collections::BTreeMap;

use trustwalk_symptoms::Symptom;

use super::model::{Change, Turn};
use crate::evidence::{Evidence, LogFailure, Observed, TrailEvent, View};
use crate::question::{moment, told as date};

/// Seconds within which an event of `CloudTrail` and a creation date are the same happening.
const NEAR: i64 = 5;
/// Characters of a log line that a timeline shows.
const LONGEST: usize = 160;

/// Every dated fact of the evidence.
pub(super) fn timeline(evidence: &Evidence) -> Vec<Change> {
    let e = &View::new(evidence);
    let mut all = Vec::new();
    let mut put = |kind: Turn, at: i64, what: String, who: Option<String>, origin: &str| {
        if at > 0 {
            all.push(Change { at, what, who, origin: origin.to_owned(), kind });
        }
    };
    let mut add = |at, what, who, origin: &str| put(Turn::Change, at, what, who, origin);
    let chains = e.chains().iter().filter_map(Observed::known);
    // What a provider was registered with is what stood there then: certificates from before it changed nothing.
    let registered = e.provider().known().map_or(0, |p| p.created);
    for (chain, certificates) in chains.zip(e.certificates().iter()) {
        let authorities = certificates.iter().skip(1).filter(|c| c.not_before() >= registered);
        for c in certificates.first().into_iter().chain(authorities) {
            let what = format!("certificate {} issued", c.display_name());
            add(c.not_before(), what, Some(c.issuer().to_string()), &chain.host);
        }
    }
    // What CloudTrail tells with its author is not told again without.
    let told = |name: &str, at: i64| {
        e.trail()
            .known()
            .into_iter()
            .flatten()
            .any(|t| t.error.is_none() && t.name == name && (t.at - at).abs() <= NEAR)
    };
    if let Some(p) = e.provider().known().filter(|p| !told("CreateOpenIDConnectProvider", p.created)) {
        add(p.created, format!("OIDC provider {} created", p.arn), None, "iam:GetOpenIDConnectProvider");
    }
    if let Some(r) = e.role().known().filter(|r| !told("CreateRole", r.created)) {
        add(r.created, format!("role {} created", r.arn), None, "iam:GetRole");
    }
    if let Some(c) = e.cluster().known() {
        add(c.created, format!("cluster {} created", c.name), None, "eks:DescribeCluster");
    }
    for a in e.addons().known().into_iter().flatten().filter(|a| !told("UpdateAddon", a.modified)) {
        add(a.modified, format!("add-on {} changed", a.name), None, "eks:DescribeAddon");
    }
    if let Some(s) = e.service_account().known()
        && let Some(w) = &s.role_written_by
    {
        let role = s.role_arn().map_or("a role", str::trim);
        add(
            w.at,
            format!("service account {}/{} told to assume {role}", s.namespace, s.name),
            Some(w.manager.clone()),
            "managedFields",
        );
    }
    if let Some(pods) = e.pods().known()
        && let Some(first) = pods.iter().map(|p| p.created).min()
    {
        add(first, oldest_of(pods.len()), None, "pods");
    }
    let happened = || e.trail().known().into_iter().flatten().filter(|t| t.error.is_none());
    for t in happened().filter(|t| !is_exchange(t)) {
        add(t.at, format!("{} {}", t.name, t.resource), Some(t.who.clone()), "CloudTrail");
    }
    for (last, what, who) in given(happened().filter(|t| is_exchange(t))) {
        put(Turn::Worked, last, what, Some(who), "CloudTrail");
    }
    // What is older was not looked for, which is not to say that nothing happened.
    if let (Some(since), Some(_)) = (e.trail_since(), e.trail().known()) {
        put(Turn::Horizon, since, "CloudTrail was read back to here, and no further".to_owned(), None, "CloudTrail");
    }
    let first = e.logs().known().into_iter().flatten().filter_map(|l| Some((moment(l.first.as_deref()?)?, l)));
    // A line of waiting is written anew at each start, and is no failure by itself.
    let waits = |l: &LogFailure| matches!(l.failure.symptom, Symptom::IpamdWaiting | Symptom::IpamdInitFailure);
    if let Some((at, l)) = first.filter(|(_, l)| !waits(l)).min_by_key(|(at, l)| (*at, l.origin.clone())) {
        let whole = trustwalk_symptoms::gist(&l.failure.message);
        let text: String = whole.chars().take(LONGEST).collect();
        let more = if text.len() < whole.len() { "\u{2026}" } else { "" };
        put(Turn::Failed, at, format!("first failure: {text}{more}"), None, &l.origin);
    }
    all.sort_by(|a, b| (a.at, &a.what).cmp(&(b.at, &b.what)));
    all.dedup();
    all
}

/// When each role was given last to whom, with how often it was.
fn given<'a>(exchanges: impl Iterator<Item = &'a TrailEvent>) -> Vec<(i64, String, String)> {
    let mut all: BTreeMap<(&str, &str), (i64, i64, usize)> = BTreeMap::new();
    for t in exchanges {
        let (first, last, times) = all.entry((&t.resource, &t.who)).or_insert((t.at, t.at, 0));
        (*first, *last, *times) = ((*first).min(t.at), (*last).max(t.at), *times + 1);
    }
    let told = |((role, who), (first, last, times)): ((&str, &str), (i64, i64, usize))| {
        let what = match times {
            1 => format!("{role} given"),
            _ => format!("{role} given for the last of {times} times, the first at {}", date(first)),
        };
        (last, what, who.to_owned())
    };
    all.into_iter().map(told).collect()
}

/// A role that was given is no change; that it was given before tells when it last worked.
fn is_exchange(event: &TrailEvent) -> bool {
    trustwalk_symptoms::TrailEvent::of_name(&event.name).is_some_and(trustwalk_symptoms::TrailEvent::is_exchange)
}

fn oldest_of(pods: usize) -> String {
    if pods == 1 { "its only pod created".to_owned() } else { format!("oldest of {pods} pods created") }
}
