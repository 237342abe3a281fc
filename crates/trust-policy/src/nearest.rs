//! The nearest miss: the policy value most like an actual one, and where they part.

use serde::Serialize;
use std::ops::Range;

/// The policy value closest to an actual value, with the characters that differ.
///
/// Ranges count characters from zero. They leave out the longest common start and, after it, the
/// longest common end; an empty range means characters are missing there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct NearMiss<'a> {
    /// The policy value.
    pub policy_value: &'a str,
    /// The actual value.
    pub actual_value: &'a str,
    /// Differing characters of the policy value.
    pub policy_range: Range<usize>,
    /// Differing characters of the actual value.
    pub actual_range: Range<usize>,
}

impl<'a> NearMiss<'a> {
    /// The pair with the fewest differing characters; nothing if either side is empty.
    pub(crate) fn find(policy: impl Iterator<Item = &'a str>, actual: &'a [String]) -> Option<Self> {
        let pairs = policy.flat_map(|p| actual.iter().map(move |a| Self::between(p, a)));
        pairs.min_by_key(|miss| miss.policy_range.len() + miss.actual_range.len())
    }

    fn between(policy: &'a str, actual: &'a str) -> Self {
        let start = policy.chars().zip(actual.chars()).take_while(|(p, a)| p == a);
        let (mut chars, mut bytes) = (0, 0);
        for (c, _) in start {
            chars += 1;
            bytes += c.len_utf8();
        }
        let (rest_p, rest_a) = (policy.get(bytes..).unwrap_or_default(), actual.get(bytes..).unwrap_or_default());
        let end = rest_p.chars().rev().zip(rest_a.chars().rev()).take_while(|(p, a)| p == a).count();
        let range = |rest: &str| chars..chars + rest.chars().count().saturating_sub(end);
        Self { policy_value: policy, actual_value: actual, policy_range: range(rest_p), actual_range: range(rest_a) }
    }
}
