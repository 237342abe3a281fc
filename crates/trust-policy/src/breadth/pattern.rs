//! Members of a pattern of subjects that differ from one another in a part: whoever can choose that part gets in.

use super::{Breadth, STRANGER};
use crate::miss::SubjectForm;

/// What stands for a `*`, once for one member and once for another. One goes over the border between two parts of a
/// subject, before or behind itself.
const FILLINGS: [[&str; 2]; 6] = [
    ["", ""],
    [STRANGER, "trustwalk-other"],
    ["-trustwalk-stranger:", "-trustwalk-other:"],
    [":trustwalk-stranger-", ":trustwalk-other-"],
    ["-trustwalk-stranger/", "-trustwalk-other/"],
    ["/trustwalk-stranger-", "/trustwalk-other-"],
];
/// What a subject may begin with where a pattern does not say: a service account's, and a repository's.
const OF_ACCOUNT: [&str; 2] = ["system:serviceaccount:trustwalk-stranger-", "system:serviceaccount:trustwalk-other-"];
const OF_REPOSITORY: [&str; 2] = ["repo:trustwalk-stranger-", "repo:trustwalk-other-"];
/// Wildcards that are filled in each on its own; those after them are filled with nothing.
const MAX_STARS: usize = 3;

/// Members of a pattern, each with the widest part in which it differs from another member; `github` is whether the
/// issuer is GitHub's.
pub(super) fn members(pattern: &str, github: bool) -> Vec<(Breadth, String)> {
    let heads = if github { [OF_REPOSITORY] } else { [OF_ACCOUNT] };
    let stars = pattern.matches('*').count().min(MAX_STARS);
    let mut fillings: Vec<Vec<[&str; 2]>> = vec![Vec::new()];
    for star in 0..stars {
        let first = star == 0 && pattern.starts_with('*');
        let heads: &[[&str; 2]] = if first { &heads } else { &[] };
        let choices: Vec<[&str; 2]> = FILLINGS.iter().chain(heads).copied().collect();
        fillings = fillings
            .into_iter()
            .flat_map(|chosen| choices.iter().map(|one| [chosen.as_slice(), &[*one]].concat()).collect::<Vec<_>>())
            .collect();
    }
    let mut found: Vec<(Breadth, String)> = Vec::new();
    for chosen in fillings {
        let [one, other] = [0, 1].map(|which| filled(pattern, &chosen, which));
        if let Some(breadth) = differ(&one, &other).filter(|b| !found.iter().any(|f| f == &(*b, one.clone()))) {
            found.push((breadth, one));
        }
    }
    found
}

fn filled(pattern: &str, chosen: &[[&str; 2]], which: usize) -> String {
    let mut stars = chosen.iter();
    let mut out = String::new();
    for letter in pattern.chars() {
        match letter {
            '*' => out.push_str(stars.next().and_then(|pair| pair.get(which)).unwrap_or(&"")),
            '?' => out.push(if which == 0 { 'x' } else { 'y' }),
            other => out.push(other),
        }
    }
    out
}

/// The widest part in which two subjects of one form differ, if both are whole.
fn differ(one: &str, other: &str) -> Option<Breadth> {
    match (SubjectForm::of(one), SubjectForm::of(other)) {
        (
            SubjectForm::ServiceAccount { namespace, name },
            SubjectForm::ServiceAccount { namespace: their_namespace, name: their_name },
        ) if is_name(namespace) && is_name(name) => {
            let namespaces = (namespace != their_namespace).then_some(Breadth::AnyNamespace);
            namespaces.or_else(|| (name != their_name).then_some(Breadth::AnyServiceAccount))
        }
        (
            SubjectForm::Repository { repository, context: Some(context) },
            SubjectForm::Repository { repository: their_repository, context: Some(_) },
        ) if !context.is_empty() => {
            let (owner, name) = repository.split_once('/')?;
            let (their_owner, their_name) = their_repository.split_once('/')?;
            // Names of owners and repositories have no slash.
            if owner.is_empty() || name.is_empty() || name.contains('/') {
                None
            } else if bare(owner) != bare(their_owner) {
                Some(Breadth::AnyOwner)
            } else {
                // What is told of contexts and ids is told elsewhere.
                (bare(name) != bare(their_name)).then_some(Breadth::AnyRepository)
            }
        }
        _ => None,
    }
}

/// A name without its numeric id.
fn bare(name: &str) -> &str {
    name.split('@').next().unwrap_or(name)
}

/// Whether a text can be a name of Kubernetes's (Kubernetes documentation, "Object Names and IDs").
fn is_name(text: &str) -> bool {
    let end = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    let inside = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
    end(text.chars().next()) && end(text.chars().last()) && text.chars().all(inside)
}
