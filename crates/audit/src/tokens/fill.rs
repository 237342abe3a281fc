//! Subjects worth trying: those that a policy names, its patterns filled in by strangers, and a stranger's usual one.

use super::{Family, MADE_UP, NEXT_ID, github, meet};
use crate::limits;
use crate::wanted::Wanted;

/// What takes a wildcard's place within a part of a subject, or over the border to the next one.
const WITHIN: [&str; 5] = ["", "x", MADE_UP, "-trustwalk-stranger", "trustwalk-stranger-"];
/// What takes the place of every `?`: digits stand in names and in ids alike, and not all of them are somebody's whom
/// the policy names beside.
const LETTERS: [&str; 5] = ["1", "5", "8", ":", "/"];
/// For GitHub: whole repositories and their contexts, ids, and what follows them.
const GITHUB: [&str; 13] = [
    "trustwalk-stranger:ref:refs/heads/main",
    "repo:trustwalk-stranger/x",
    "repo:trustwalk-stranger/",
    "repo:trustwalk-stranger/x:ref:refs/heads/main",
    "trustwalk-stranger/x",
    "trustwalk-stranger/x:ref:refs/heads/main",
    "/trustwalk-stranger",
    "ref:refs/heads/main",
    ":ref:refs/heads/main",
    NEXT_ID,
    "x@999999999992",
    "x@999999999992:ref:refs/heads/main",
    "999999999991/x@999999999992:ref:refs/heads/main",
];
/// For clusters.
const KUBERNETES: [&str; 5] = [
    "system:serviceaccount:trustwalk-stranger:x",
    "system:serviceaccount:trustwalk-stranger:",
    "trustwalk-stranger:x",
    "trustwalk-stranger:",
    ":x",
];
/// For others.
const OTHERS: [&str; 4] = ["trustwalk-stranger/x", "trustwalk-stranger:x", "trustwalk-stranger/x:x", "x:x"];

/// Subjects worth trying. Where a claim must be one of some values, no other is.
pub(super) fn subjects(family: Family, wanted: &Wanted<'_>) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let exact = wanted.exactly("sub");
    let values: Vec<&str> = match &exact {
        Some(values) => values.clone(),
        None => wanted.values("sub").collect(),
    };
    // Each has its share: what a first pattern stands for leaves none untried.
    let share = (limits::MADE_UP / values.len().max(1)).max(limits::OF_A_PATTERN);
    for value in values.iter().take(limits::PATTERNS) {
        if exact.is_none() && value.contains(['*', '?']) {
            all.extend(share_of(value, family, share));
        } else {
            all.push((*value).to_owned());
        }
    }
    if exact.is_none() {
        for pattern in common(wanted) {
            all.extend(share_of(&pattern, family, limits::OF_A_PATTERN));
        }
        all.extend(usual(family, wanted));
    }
    let mut seen = std::collections::BTreeSet::new();
    all.retain(|subject| seen.insert(subject.clone()));
    if family == Family::Github {
        // A witness is to be a token as most are, where there is one.
        all.sort_by_key(|subject| github::is_rare(subject));
    }
    all
}

/// What is of every list at once, where there are several: the most that is asked for, filled in, need not be.
fn common(wanted: &Wanted<'_>) -> Vec<String> {
    let mut lists = wanted.lists();
    let mut all: Vec<String> = lists.next().unwrap_or_default().into_iter().map(str::to_owned).collect();
    let mut several = false;
    for list in lists {
        several = true;
        all.truncate(limits::MET);
        let met = all.iter().flat_map(|a| list.iter().take(limits::MET).flat_map(|b| meet::meets(a, b)));
        let met: std::collections::BTreeSet<String> = met.collect();
        all = met.into_iter().take(limits::PATTERNS).collect();
    }
    if several { all } else { Vec::new() }
}

/// Members of a pattern, with as many of its wildcards filled in on their own as its share allows, one at least.
fn share_of(pattern: &str, family: Family, share: usize) -> Vec<String> {
    let letters: &[&str] = if pattern.contains('?') { &LETTERS } else { &[""] };
    let mut all = Vec::new();
    for stars in (1..=limits::STARS).rev() {
        all = letters.iter().flat_map(|letter| members(&pattern.replace('?', letter), family, stars)).collect();
        if all.len() <= share {
            break;
        }
    }
    all
}

/// What a stranger's subject is when nobody asks for another: branch and environment are called as is asked for, as
/// everybody may call theirs so.
fn usual(family: Family, wanted: &Wanted<'_>) -> Vec<String> {
    match family {
        Family::Github => {
            let branch = wanted.one("ref").unwrap_or_else(|| "refs/heads/main".to_owned());
            let environment = wanted.one("environment").unwrap_or_else(|| "production".to_owned());
            vec![
                format!("repo:{MADE_UP}/x:ref:{branch}"),
                format!("repo:{MADE_UP}@{NEXT_ID}/x@{}:ref:{branch}", super::NEXT_PROJECT_ID),
                format!("repo:{MADE_UP}/x:environment:{environment}"),
            ]
        }
        Family::Shared(tenancy) => vec![tenancy.usual()],
        Family::Kubernetes => vec![format!("system:serviceaccount:{MADE_UP}:x")],
        Family::BuiltIn(_) | Family::Own => vec![MADE_UP.to_owned()],
    }
}

/// Members of a pattern, each of its first wildcards, so many at most, filled in on its own, the others with something
/// short.
fn members(pattern: &str, family: Family, most: usize) -> Vec<String> {
    let further: &[&str] = match family {
        Family::Github => &GITHUB,
        Family::Kubernetes => &KUBERNETES,
        Family::Shared(_) | Family::BuiltIn(_) | Family::Own => &OTHERS,
    };
    let fillings: Vec<&str> = WITHIN.iter().chain(further).copied().collect();
    let mut all = vec![String::new()];
    let mut stars = 0;
    for letter in pattern.chars() {
        match letter {
            '*' if stars < most => {
                stars += 1;
                all = all.iter().flat_map(|start| fillings.iter().map(move |f| [start.as_str(), f].concat())).collect();
            }
            '*' => all.iter_mut().for_each(|text| text.push('x')),
            other => {
                for text in &mut all {
                    text.push(other);
                }
                // What no token goes on from is not filled in further: three wildcards are three thousand texts.
                if family == Family::Github && matches!(other, '/' | ':') {
                    all.retain(|start| github::may_begin(start));
                }
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_in_fillings_are_the_next_ones() {
        let with_ids = GITHUB.iter().filter(|f| f.contains('@'));
        for filling in with_ids {
            assert!(filling.contains(&format!("x@{}", super::super::NEXT_PROJECT_ID)), "{filling}");
            assert!(filling.starts_with("x@") || filling.starts_with(&format!("{NEXT_ID}/")), "{filling}");
        }
    }

    #[test]
    fn three_wildcards_are_tens_of_texts_and_not_thousands() {
        let all = members("repo:acme@*/api@*:*", Family::Github, limits::STARS);
        assert!(all.len() < 400 && all.contains(&format!("repo:acme@{NEXT_ID}/api@{NEXT_ID}:ref:refs/heads/main")));
    }
}
