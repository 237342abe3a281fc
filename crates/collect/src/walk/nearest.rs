//! Which existing object a name that does not exist was meant for.

use crate::kube_api::{KubeApi, WorkloadRef};

/// Suggestions given: more is a listing.
const MOST: usize = 3;

/// Slips of the finger a suggestion may be away.
const SLIPS: usize = 3;

/// Longest name of an object (Kubernetes documentation, "Object Names and IDs"): comparing takes the square of it.
const LONGEST: usize = 253;

/// Objects of the target's kind that are called alike, as `kind/name -n namespace`.
pub(super) async fn nearest(kube: &KubeApi, target: &WorkloadRef) -> Vec<String> {
    let r = target.resource;
    let all = kube.names(r, None).await;
    // Who may not list the cluster may perhaps list the namespace.
    let all = if all.known().is_some() { all } else { kube.names(r, Some(&target.namespace)).await };
    let short = |(ns, name): &'_ (String, String)| ns.len() <= LONGEST && name.len() <= LONGEST;
    let names: Vec<(&str, &str)> =
        all.known().into_iter().flatten().filter(|n| short(n)).map(|(ns, n)| (ns.as_str(), n.as_str())).collect();
    let found = choose(&names, &target.namespace, &target.name);
    found.into_iter().map(|(ns, name)| format!("{}/{name} -n {ns}", r.kind.to_lowercase())).collect()
}

fn choose<'a>(names: &[(&'a str, &'a str)], namespace: &str, name: &str) -> Vec<(&'a str, &'a str)> {
    let mut near: Vec<(usize, bool, &str, &str)> = names
        .iter()
        .map(|(ns, n)| (distance(n, name), *ns != namespace, *ns, *n))
        .filter(|(d, _, _, n)| *d <= SLIPS.min(name.chars().count() / 2) || n.starts_with(name))
        .collect();
    near.sort_unstable();
    near.into_iter().take(MOST).map(|(_, _, ns, n)| (ns, n)).collect()
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
    use super::{choose, distance};

    #[test]
    fn slips_are_counted() {
        for (a, b, slips) in [("ledger", "ledgr", 1), ("aws-node", "aws-nod", 1), ("a", "", 1), ("abc", "acb", 2)] {
            assert_eq!(distance(a, b), slips, "{a} {b}");
        }
    }

    #[test]
    fn the_same_name_elsewhere_comes_before_a_slip_and_strangers_not_at_all() {
        let all = [("payments", "ledger"), ("batch", "settlement"), ("default", "ledgers")];
        assert_eq!(choose(&all, "default", "ledger"), [("payments", "ledger"), ("default", "ledgers")]);
        assert_eq!(choose(&all, "payments", "x"), []);
    }
}
