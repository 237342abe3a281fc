//! What a word is by its form alone, whatever stands beside it.

/// Kinds as people write them, and their name.
const KINDS: [(&str, &[&str]); 9] = [
    ("daemonset", &["daemonset", "daemonsets", "ds"]),
    ("deployment", &["deployment", "deployments", "deploy"]),
    ("statefulset", &["statefulset", "statefulsets", "sts"]),
    ("replicaset", &["replicaset", "replicasets", "rs"]),
    ("job", &["job", "jobs"]),
    ("cronjob", &["cronjob", "cronjobs", "cj"]),
    ("pod", &["pod", "pods", "po"]),
    ("serviceaccount", &["serviceaccount", "serviceaccounts", "sa"]),
    ("replicationcontroller", &["replicationcontroller", "rc"]),
];

/// The kind that a word names.
pub(super) fn kind_of(word: &str) -> Option<&'static str> {
    let word = word.to_lowercase();
    let word = word.split('.').next().unwrap_or_default();
    KINDS.iter().find(|(_, all)| all.contains(&word)).map(|(kind, _)| *kind)
}

/// Whether it can be an object's name (Kubernetes documentation, "Object Names and IDs").
pub(super) fn is_name(text: &str) -> bool {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    text.len() <= 253
        && edge(text.chars().next())
        && edge(text.chars().next_back())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.'))
}

/// Whether it has the form of a region's name (AWS General Reference, "Regional endpoints").
pub(super) fn is_region(text: &str) -> bool {
    const AREAS: [&str; 12] = ["us", "eu", "ap", "sa", "ca", "me", "af", "il", "mx", "cn", "eusc", "us-gov"];
    let Some((rest, number)) = text.rsplit_once('-') else { return false };
    let Some((area, direction)) = rest.rsplit_once('-') else { return false };
    let directions = ["north", "south", "east", "west", "central", "northeast", "northwest", "southeast", "southwest"];
    let area = AREAS.contains(&area) || area.starts_with("us-iso") || area.starts_with("eu-iso") || area == "eusc-de";
    area && (directions.contains(&direction) || direction == "de")
        && number.len() == 1
        && number.bytes().all(|b| b.is_ascii_digit())
}

/// Whether it has the form of a UUID.
pub(super) fn is_uuid(text: &str) -> bool {
    let parts: Vec<usize> = text.split('-').map(str::len).collect();
    parts == [8, 4, 4, 4, 12] && text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
}

/// Whether a name has the form of a deployment's pod: the deployment's, its replica set's hash, and five letters of its
/// own (`k8s.io/apimachinery`, `util/rand`: no vowels, and no digits that look like letters).
pub(super) fn is_pod(name: &str) -> bool {
    const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let mut parts = name.rsplitn(3, '-');
    let (own, hash, rest) = (parts.next(), parts.next(), parts.next());
    let random = |part: Option<&str>, lengths: std::ops::RangeInclusive<usize>| {
        part.is_some_and(|p| lengths.contains(&p.len()) && p.bytes().all(|b| LETTERS.contains(&b)))
    };
    random(own, 5..=5) && random(hash, 6..=10) && rest.is_some_and(is_name)
}

/// An issuer's URL, with its scheme. Of other addresses it is not known that they are one.
pub(super) fn issuer(word: &str) -> Option<String> {
    let bare = word.strip_prefix("https://").unwrap_or(word);
    let bare = bare.split("/.well-known/").next().unwrap_or(bare).trim_end_matches('/');
    let (host, path) = bare.split_once('/').unwrap_or((bare, ""));
    let eks = (host.starts_with("oidc.eks.") || host.starts_with("oidc-eks.")) && path.starts_with("id/");
    let known = ["token.actions.githubusercontent.com", "accounts.google.com", "gitlab.com", "agent.buildkite.com"];
    let named = known.contains(&host) && (word.starts_with("https://") || host.starts_with("token."));
    (eks || named || (word.starts_with("https://") && word.contains("/.well-known/")))
        .then(|| format!("https://{bare}"))
}
