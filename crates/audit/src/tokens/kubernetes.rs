//! Tokens of clusters: subjects are service accounts.

use trustwalk_trust_policy::SubjectForm;

use super::Whose;

/// What the subject of a service account begins with (Kubernetes documentation, "Authenticating").
pub(super) const HEAD: &str = "system:serviceaccount:";
/// Longest name of a namespace and of a service account (Kubernetes documentation, "Object Names and IDs").
const NAMESPACE: usize = 63;
const NAME: usize = 253;

/// Namespace and name in a subject, if it is one that a cluster can issue.
pub(super) fn read(subject: &str) -> Option<(&str, &str)> {
    let SubjectForm::ServiceAccount { namespace, name } = SubjectForm::of(subject) else { return None };
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    let is_name = |text: &str, further: &str, longest: usize| {
        text.len() <= longest
            && edge(text.chars().next())
            && edge(text.chars().last())
            && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || further.contains(c))
    };
    (is_name(namespace, "-", NAMESPACE) && is_name(name, "-.", NAME)).then_some((namespace, name))
}

/// Whose a token with this subject is, if there can be one.
pub(super) fn whose(subject: &str) -> Option<Whose> {
    let (namespace, _) = read(subject)?;
    Some(Whose::ServiceAccount { namespace: namespace.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn names_are_those_that_kubernetes_takes() {
        for (subject, names) in [
            ("system:serviceaccount:a:b.c", Some(("a", "b.c"))),
            ("system:serviceaccount:a.b:c", None),
            ("system:serviceaccount:a:*", None),
            ("system:serviceaccount:A:b", None),
            ("system:serviceaccount:a:", None),
            ("system:serviceaccount:a:b:c", None),
            ("system:node:a", None),
        ] {
            assert_eq!(read(subject), names, "{subject}");
        }
    }
}
