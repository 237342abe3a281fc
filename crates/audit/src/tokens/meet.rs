//! Patterns that two patterns have in common: what a Deny leaves open of what is allowed, for one.

use std::collections::BTreeSet;

/// Patterns that are given of two.
const MOST: usize = 16;
/// Steps taken for them: patterns with many wildcards have more in common than is worth trying.
const STEPS: usize = 4_096;

/// Patterns whose members are of both; not always all such.
pub(super) fn meets(one: &str, other: &str) -> BTreeSet<String> {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let mut found = BTreeSet::new();
    // What is left of both, and what they had in common so far.
    let mut open = vec![(0, 0, String::new())];
    for _ in 0..STEPS {
        let Some((a, b, so_far)) = open.pop() else { break };
        let with = |letter: char| {
            let mut longer = so_far.clone();
            // Two wildcards in a row are one.
            if letter != '*' || !longer.ends_with('*') {
                longer.push(letter);
            }
            longer
        };
        match (one.get(a).copied(), other.get(b).copied()) {
            (None, None) => {
                found.insert(so_far);
                if found.len() == MOST {
                    break;
                }
            }
            (Some('*'), Some('*')) => open.extend([(a, b + 1, with('*')), (a + 1, b, with('*'))]),
            (Some('*'), Some(letter)) => open.extend([(a + 1, b, so_far.clone()), (a, b + 1, with(letter))]),
            (Some(letter), Some('*')) => open.extend([(a, b + 1, so_far.clone()), (a + 1, b, with(letter))]),
            (Some('*'), None) => open.push((a + 1, b, so_far)),
            (None, Some('*')) => open.push((a, b + 1, so_far)),
            (Some('?'), Some(letter)) | (Some(letter), Some('?')) => open.push((a + 1, b + 1, with(letter))),
            (Some(letter), Some(same)) if letter == same => open.push((a + 1, b + 1, with(letter))),
            (Some(_) | None, Some(_) | None) => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_two_patterns_have_in_common_is_of_both() {
        for (one, other, common) in [
            ("repo:*/api:*", "repo:acme*", "repo:acme*/api:*"),
            ("repo:acme/api:*", "*:environment:prod", "repo:acme/api:*:environment:prod"),
            ("repo:acme/*", "repo:*/api:ref:?", "repo:acme/api:ref:?"),
            ("abc", "abc", "abc"),
            ("a?c", "ab*", "abc"),
        ] {
            assert!(meets(one, other).contains(common), "{one} {other}: {:?}", meets(one, other));
            assert!(meets(other, one).contains(common), "{other} {one}: {:?}", meets(other, one));
        }
        assert!(meets("repo:acme/*", "repo:evil/*").is_empty());
        let many = "*a".repeat(2_000);
        assert!(meets(&many, &many).len() <= MOST);
    }
}
