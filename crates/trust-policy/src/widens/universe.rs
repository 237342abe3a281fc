//! What is worth trying for every condition key: each value of both documents, every pattern filled in in several
//! ways, what lies on the edges of numbers, times and address blocks, a stranger's value, and no value at all.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::principals::{self, STRANGER};
use super::{Asked, TooMany, issuer};
use crate::operator::Comparison;
use crate::policy::Policy;
use crate::request::{Principal, WEB_IDENTITY_ACTION};
use crate::statement::Condition;
use crate::value::{Test, Value};

/// Texts that take a wildcard's place: nothing, one character, a name, and what crosses the borders between the
/// parts of subjects.
const FILLINGS: [&str; 6] = ["", "x", "0", "trustwalk-other", "q/p", "q:p"];
/// Wildcards of a pattern that are filled in on their own besides all together: subjects have fewer parts.
const ALONE: usize = 8;
/// Most values of one key: a document of a few kilobytes with a dozen fillings for each of its patterns stays below.
const MAX_VALUES: usize = 2_000;
/// What takes the place of a policy variable, which may be anything.
const VARIABLE: &str = "trustwalk-variable";
/// Actions a trust policy can allow (DOC: Service Authorization Reference, AWS STS).
const ACTIONS: [&str; 6] = [
    WEB_IDENTITY_ACTION,
    "sts:AssumeRole",
    "sts:AssumeRoleWithSAML",
    "sts:TagSession",
    "sts:SetSourceIdentity",
    "sts:SetContext",
];
/// Addresses that documents are written with and no policy admits by itself (RFC 5737, RFC 3849).
const ELSEWHERE: [&str; 2] = ["198.51.100.7", "2001:db8::7"];
/// Instants long past and far ahead.
const EVER: [&str; 2] = ["1970-01-01T00:00:00Z", "2199-01-01T00:00:00Z"];
/// Keys that the call brings, and not the token (DOC: IAM User Guide, "Global condition context keys"; Service
/// Authorization Reference, AWS STS).
const OF_CALL: [&str; 3] = ["aws:", "sts:", "saml:"];

/// Everything worth trying.
pub(super) struct Universe {
    pub(super) principals: Vec<Principal>,
    pub(super) actions: Vec<String>,
    pub(super) keys: Vec<Key>,
    /// Audiences that come through for the provider asked for; empty when all may.
    audiences: Vec<String>,
    provider: Principal,
}

/// A condition key with the values worth trying; no value means that the key is missing.
pub(super) struct Key {
    pub(super) name: String,
    pub(super) values: Vec<Vec<String>>,
}

impl Universe {
    pub(super) fn of(before: &Policy, after: &Policy, asked: &Asked) -> Result<Self, TooMany> {
        let statements = || before.statements.iter().chain(&after.statements);
        let mut actions: Vec<String> = ACTIONS.iter().map(|a| (*a).to_owned()).collect();
        for pattern in statements().filter_map(|s| s.action.as_ref()).flat_map(|a| &a.values) {
            for action in filled(pattern) {
                if !actions.iter().any(|a| a.eq_ignore_ascii_case(&action)) {
                    actions.push(action);
                }
            }
        }
        let own = asked.identity.context();
        let aud = format!("{}:aud", asked.identity.issuer_path).to_ascii_lowercase();
        let mut keys: Vec<Key> = Vec::new();
        let conditions: Vec<&Condition> = statements().flat_map(|s| &s.conditions).collect();
        let mentioned = conditions.iter().map(|c| c.key.to_ascii_lowercase());
        // What a statement leaves open is tried too where the identity asked for has a value for it.
        let always = ["sub", "aud"].iter().map(|c| format!("{}:{c}", asked.identity.issuer_path).to_ascii_lowercase());
        for name in always.chain(mentioned) {
            if !keys.iter().any(|k| k.name == name) {
                let on_key: Vec<&Condition> =
                    conditions.iter().copied().filter(|c| c.key.eq_ignore_ascii_case(&name)).collect();
                let mut values = values(&on_key, own.get(&name).unwrap_or_default());
                if name.ends_with(":sub") {
                    // A token has one subject (OpenID Connect Core, ID Token).
                    values.retain(|v| v.len() < 2);
                }
                if values.len() > MAX_VALUES {
                    return Err(TooMany);
                }
                if name == aud {
                    values.extend(asked.audiences.iter().map(|a| vec![a.clone()]));
                }
                keys.push(Key { name, values });
            }
        }
        let mut audiences = asked.audiences.clone();
        if !audiences.is_empty() {
            audiences.extend(own.get(&aud).unwrap_or_default().iter().cloned());
        }
        Ok(Self {
            principals: principals::of(before, after, &asked.identity),
            actions,
            keys,
            audiences,
            provider: Principal::Federated(asked.identity.provider_arn.clone()),
        })
    }

    /// Whether a token of this principal can come with these values: STS lets no other audience through than
    /// those registered with the provider.
    pub(super) fn takes(&self, principal: &Principal, key: &Key, values: &[String]) -> bool {
        let bound = !self.audiences.is_empty() && *principal == self.provider && key.is_claim_of(principal);
        !bound
            || !key.name.ends_with(":aud")
            || (!values.is_empty() && values.iter().all(|v| self.audiences.contains(v)))
    }
}

impl Key {
    fn of_call(&self) -> bool {
        OF_CALL.iter().any(|head| self.name.starts_with(head))
    }

    /// Whether this is a claim of the principal's issuer.
    pub(super) fn is_claim_of(&self, principal: &Principal) -> bool {
        let issuer = issuer(principal).map(str::to_ascii_lowercase);
        // A claim's name has no colon: a key with two names at its end is nobody's.
        let claim = |issuer: String| self.name.strip_prefix(&issuer)?.strip_prefix(':').map(|c| !c.contains(':'));
        !self.of_call() && issuer.and_then(claim) == Some(true)
    }

    /// Whether a request of this principal can have the key: tokens have keys of their own issuer alone.
    pub(super) fn is_of(&self, principal: &Principal) -> bool {
        self.of_call() || self.is_claim_of(principal)
    }
}

/// The values worth trying for one key.
fn values(conditions: &[&Condition], own: &[String]) -> Vec<Vec<String>> {
    let mut single: Vec<String> = own.to_vec();
    let mut seen: BTreeSet<String> = own.iter().cloned().collect();
    for condition in conditions {
        let comparison = condition.operator.map(|o| o.comparison);
        let worth = condition.values.iter().flat_map(|value| worth(value, comparison));
        // One more than is taken, so that the caller sees that there were more.
        single.extend(worth.filter(|text| seen.insert(text.clone())).take(MAX_VALUES + 1));
    }
    single.push(STRANGER.to_owned());
    let mut all: Vec<Vec<String>> = single.iter().map(|v| vec![v.clone()]).collect();
    if conditions.iter().any(|c| c.operator.is_some_and(|o| o.quantifier.is_some())) {
        let pairs = single.windows(2).map(<[String]>::to_vec);
        let strange = single.iter().map(|v| vec![v.clone(), STRANGER.to_owned()]);
        all.extend(pairs.chain(strange).collect::<Vec<_>>());
    }
    if own.len() > 1 {
        all.push(own.to_vec());
    }
    all.push(Vec::new());
    all
}

/// A policy's value, and what lies around it under its comparison.
fn worth(value: &Value, comparison: Option<Comparison>) -> Vec<String> {
    let text = value.text.as_ref();
    let mut all = filled(text);
    match &value.test {
        Test::IgnoreCase => all.extend([text.to_uppercase(), text.to_lowercase()]),
        Test::Number(number) => all.extend([number - 1.0, number + 1.0].map(|n| n.to_string())),
        Test::Date(at) => {
            let second = jiff::SignedDuration::from_secs(1);
            let around = [at.checked_sub(second), at.checked_add(second)];
            all.extend(around.into_iter().flatten().map(|t| t.to_string()));
            all.extend(EVER.map(str::to_owned));
        }
        Test::Flag(_) => all.extend(["true", "false"].map(str::to_owned)),
        Test::Block { network, mask, v4 } => {
            all.extend([*network, network | !mask].map(|bits| address(bits, *v4)));
            all.extend(ELSEWHERE.map(str::to_owned));
        }
        Test::Exact | Test::Like(_) | Test::Arn(_) | Test::Variables(_) | Test::Never => {}
    }
    if comparison == Some(Comparison::StringEqualsIgnoreCase) {
        all.extend(all.iter().map(|t| t.to_uppercase()).collect::<Vec<_>>());
    }
    all
}

fn address(bits: u128, v4: bool) -> String {
    if v4 {
        // A block of version 4 has thirty-two bits; its mask is inverted over all of them.
        let low = u32::try_from(bits & u128::from(u32::MAX)).unwrap_or_default();
        IpAddr::V4(Ipv4Addr::from_bits(low)).to_string()
    } else {
        IpAddr::V6(Ipv6Addr::from_bits(bits)).to_string()
    }
}

/// A text as it stands, and as a pattern with its wildcards filled in: all alike, and each on its own.
fn filled(pattern: &str) -> Vec<String> {
    let mut all = vec![pattern.to_owned()];
    let plain = without_variables(pattern);
    if plain != pattern {
        all.push(plain.clone());
    }
    let parts: Vec<&str> = plain.split('*').collect();
    if parts.len() < 2 && !plain.contains('?') {
        return all;
    }
    for filling in FILLINGS {
        all.push(parts.join(filling));
        // One crosses a border while the others stay within.
        all.extend((1..parts.len().min(ALONE)).map(|at| {
            let join = |(i, part): (usize, &&str)| {
                let before = if i == 0 {
                    ""
                } else if i == at {
                    filling
                } else {
                    "x"
                };
                format!("{before}{part}")
            };
            parts.iter().enumerate().map(join).collect::<String>()
        }));
    }
    let literal = std::iter::once(pattern.to_owned());
    literal.chain(all.iter().map(|t| t.replace('?', "x"))).collect()
}

/// `${key}` replaced by something, `${*}` and its like by the character they stand for.
fn without_variables(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((inside, after)) = after.split_once('}') else { break };
        out.push_str(before);
        out.push_str(match inside {
            "*" | "?" | "$" => inside,
            _ => VARIABLE,
        });
        rest = after;
    }
    out.push_str(rest);
    out
}
