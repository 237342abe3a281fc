//! How much two values resemble each other.

/// The value that resembles the actual one most, by what they share at both ends.
pub(super) fn nearest<'v>(values: &[&'v str], actual: &str) -> Option<&'v str> {
    values.iter().copied().max_by_key(|v| (likeness(v, actual), std::cmp::Reverse(v.len())))
}

/// How much of two texts agrees at their ends, in characters.
pub(crate) fn likeness(a: &str, b: &str) -> usize {
    let front = a.chars().zip(b.chars()).take_while(|(x, y)| x == y).count();
    let back = a.chars().rev().zip(b.chars().rev()).take_while(|(x, y)| x == y).count();
    front + back
}
