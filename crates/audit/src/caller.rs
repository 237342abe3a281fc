//! What whoever calls brings beside the token: they choose some keys themselves, and have an address of their own.

use std::collections::BTreeMap;

use trustwalk_trust_policy::{Call, Comparison, DocumentCondition, Effect, Operator};

use crate::grants::Grant;
use crate::inventory::Role;

/// Keys whose value the caller writes: the session's name is a parameter (AWS STS API Reference,
/// `AssumeRoleWithWebIdentity`), the region is that of the endpoint, and the others are headers (IAM User Guide, "AWS
/// global condition context keys": neither is to keep unauthorized parties out). Each with a value of nobody's.
const CHOSEN: [(&str, &str); 4] = [
    (SESSION, "trustwalk-stranger"),
    (REGION, "us-east-1"),
    ("aws:UserAgent", "trustwalk-stranger"),
    ("aws:Referer", "trustwalk-stranger"),
];
const SESSION: &str = "sts:RoleSessionName";
const REGION: &str = "aws:RequestedRegion";
/// The address from which a stranger calls, one of those kept for documentation (RFC 5737), which no policy means.
const ADDRESS: (&str, &str) = ("aws:SourceIp", "198.51.100.77");
/// Regions tried where a policy has a pattern: one of each beginning.
const REGIONS: [&str; 8] = [
    "us-east-1",
    "us-west-2",
    "eu-west-1",
    "eu-central-1",
    "ap-southeast-1",
    "ca-central-1",
    "us-gov-west-1",
    "cn-north-1",
];
/// Values tried of one key.
const VALUES: usize = 12;
/// Longest name of a session (AWS STS API Reference).
const SESSION_CHARS: usize = 64;

/// A call, and what of it the caller chose.
#[derive(Debug, Clone)]
pub(crate) struct Calling {
    /// The call.
    pub(crate) call: Call,
    /// Keys with their values, where the policy asks for them.
    pub(crate) chosen: BTreeMap<String, String>,
}

/// Calls worth trying with a grant: the bare one first.
pub(crate) fn calls(role: &Role, grant: &Grant<'_>, now: i64) -> Vec<Calling> {
    let mut all = vec![Calling { call: Call::new().at(now), chosen: BTreeMap::new() }];
    let denies = role.document.statements.iter().filter(|s| s.effect == Some(Effect::Deny));
    let conditions: Vec<&DocumentCondition> =
        std::iter::once(grant.written).chain(denies).flat_map(|s| &s.conditions).collect();
    let on = |key: &str| conditions.iter().any(|c| c.key.eq_ignore_ascii_case(key));
    let mut keys: Vec<(&str, Vec<String>)> = Vec::new();
    for (key, nobodys) in CHOSEN {
        if on(key) {
            keys.push((key, values(key, nobodys, &conditions)));
        }
    }
    if on(ADDRESS.0) {
        keys.push((ADDRESS.0, vec![ADDRESS.1.to_owned()]));
    }
    let most = keys.iter().map(|(_, values)| values.len()).max().unwrap_or_default();
    for round in 0..most {
        let mut calling = Calling { call: Call::new().at(now), chosen: BTreeMap::new() };
        for (key, values) in &keys {
            let Some(value) = values.get(round % values.len().max(1)) else { continue };
            calling.call = calling.call.with(key, [value.as_str()]);
            calling.chosen.insert((*key).to_owned(), value.clone());
        }
        all.push(calling);
    }
    all
}

/// Values of a key worth trying: those that are asked for, filled in, and one of nobody's.
fn values(key: &str, nobodys: &str, conditions: &[&DocumentCondition]) -> Vec<String> {
    let asked = conditions.iter().filter(|c| {
        let positive = |o: Operator| !o.negated && o.comparison != Comparison::Null;
        c.key.eq_ignore_ascii_case(key) && Operator::parse(&c.operator).is_some_and(positive)
    });
    let written = asked.flat_map(|c| &c.values).filter(|v| !v.contains("${"));
    let mut all: Vec<String> = written.map(|v| v.replace(['*', '?'], "x")).collect();
    if key == REGION {
        all.retain(|value| value.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'));
        all.truncate(VALUES.saturating_sub(REGIONS.len()));
        all.extend(REGIONS.map(str::to_owned));
    }
    if key == SESSION {
        // Two characters at least, and no others than these (AWS STS API Reference).
        let fine = |c: char| c.is_ascii_alphanumeric() || "_=,.@-".contains(c);
        all.iter_mut().filter(|v| v.len() == 1).for_each(|v| v.push('x'));
        all.retain(|v| (2..=SESSION_CHARS).contains(&v.len()) && v.chars().all(fine));
    }
    all.truncate(VALUES);
    all.push(nobodys.to_owned());
    all
}
