//! Which of the names that exist one was meant that does not.

/// Suggestions given: more is a listing.
pub const MOST: usize = 3;

/// Slips of the finger a suggestion may be away.
const SLIPS: usize = 3;

/// Longest name of an object (Kubernetes documentation, "Object Names and IDs"): comparing takes the square of it.
const LONGEST: usize = 253;

/// How far a name is from the one that was typed, in slips; `None` where it is another one altogether. A name that the
/// typed one begins, ends or stands in as a whole part is meant likely, however much longer it is; and so is one that
/// the typed one has before a dot, as names of hosts have it: `ledger.payments`.
pub fn slips(name: &str, typed: &str) -> Option<usize> {
    if name.len() > LONGEST || typed.len() > LONGEST || typed.is_empty() {
        return None;
    }
    let (name, typed) = (name.to_lowercase(), typed.to_lowercase());
    let far = distance(&name, &typed);
    let before_dot = typed.strip_prefix(&name).is_some_and(|rest| rest.starts_with('.'));
    let part = before_dot || name.starts_with(&typed) || (typed.len() > SLIPS && name.contains(&typed));
    (far <= SLIPS.min(typed.chars().count() / 2) || part).then_some(far)
}

/// The names that were meant most likely, the nearest first.
pub fn like<'a>(names: impl IntoIterator<Item = &'a str>, typed: &str) -> Vec<&'a str> {
    let mut near: Vec<(usize, &str)> =
        names.into_iter().filter_map(|name| slips(name, typed).map(|far| (far, name))).collect();
    near.sort_unstable();
    near.dedup();
    near.into_iter().take(MOST).map(|(_, name)| name).collect()
}

/// Insertions, deletions and substitutions between two names (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut before = i;
        let mut left = i + 1;
        let mut next = vec![left];
        for (cb, above) in b.iter().zip(row.iter().skip(1)) {
            left = (left + 1).min(above + 1).min(before + usize::from(ca != *cb));
            before = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{distance, like};

    #[test]
    fn slips_are_counted() {
        for (a, b, slips) in [("ledger", "ledgr", 1), ("aws-node", "aws-nod", 1), ("a", "", 1), ("abc", "acb", 2)] {
            assert_eq!(distance(a, b), slips, "{a} {b}");
        }
    }

    #[test]
    fn the_nearest_come_first_and_strangers_not_at_all() {
        let names = ["payments", "batch", "payment", "kube-system", "prod-eu-payments"];
        assert_eq!(like(names, "paymnts"), ["payments", "payment"]);
        assert_eq!(like(names, "PAYMENTS"), ["payments", "payment", "prod-eu-payments"]);
        assert_eq!(like(names, "nothing"), Vec::<&str>::new());
        assert_eq!(like(names, ""), Vec::<&str>::new());
        assert_eq!(like(["aws-node", "aws"], "aws-node.kube-system"), ["aws-node"]);
    }
}
