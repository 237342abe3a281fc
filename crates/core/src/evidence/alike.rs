//! Names that are taken for one another.

/// Letters that may differ between names that are taken for one another.
const SLIPS: usize = 3;

/// Whether two names differ by few letters: those before and after what they have in common count.
pub fn alike(a: &str, b: &str) -> bool {
    let front = a.chars().zip(b.chars()).take_while(|(x, y)| x == y).count();
    let rest = |t: &str| t.chars().rev().take(t.chars().count() - front).collect::<Vec<_>>();
    let (ra, rb) = (rest(a), rest(b));
    let back = ra.iter().zip(&rb).take_while(|(x, y)| x == y).count();
    let differ = ra.len().max(rb.len()) - back;
    a != b && differ <= SLIPS && front + back > differ
}
