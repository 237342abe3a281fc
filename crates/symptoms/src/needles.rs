//! The few substrings one of which every failure's line holds, so that a scan looks for these
//! and judges only the lines that have one.
//!
//! `dentity` alone stands in `WebIdentityErr`, `InvalidIdentityToken`, `identity provider` and
//! `AssumeRoleWithWebIdentity`. The fewer they are, and the rarer their first four bytes, the faster a
//! scan. INVARIANT: every
//! wording that is judged holds one; a test says so.

use aho_corasick::{AhoCorasick, MatchKind, Span, packed};

/// The substrings, case-sensitive.
pub(crate) const CORES: &[&str] = &[
    "dentity",
    "redential",
    "uthorized",
    "Denied",
    "OpenIDConnect",
    "oken ",
    "xpired",
    "ID_TOKEN",
    "et ID Token",
    "HTTP Tunnel",
    "d claim",
    "laim is",
    "invalid",
    "satisfy",
    "xceed",
    "Packed",
    "IDPRejected",
    "CommunicationError",
    "RegionDisabled",
    "account/token",
    "sts.",
    "169.254.",
    "MalformedPolicy",
    "DoesNotMatch",
    "ec2imds",
    "IPAM",
    "zation failure",
    "h OIDC",
    "r metadata",
    "onfig profile",
    "to proxy ",
    "gh proxy",
    "r with url ",
    "AADSTS",
    "ondition type",
    "ederated p",
];

/// The substrings a scan looks for, case-sensitive: what has none of them is never judged, so that
/// another tool can be asked for the same.
pub fn needles() -> &'static [&'static str] {
    CORES
}

/// Finds the substrings in bytes.
#[derive(Debug)]
pub enum Finder {
    /// By vector instructions.
    Packed(packed::Searcher),
    /// By an automaton, where the processor lacks them.
    Automaton(AhoCorasick),
    /// Every line counts as a hit: only if neither could be built.
    Nothing,
}

impl Default for Finder {
    /// A finder of all cores.
    fn default() -> Self {
        if let Some(searcher) = packed::Config::new().builder().extend(CORES).build() {
            return Self::Packed(searcher);
        }
        let automaton = AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(CORES);
        automaton.map_or(Self::Nothing, Self::Automaton)
    }
}

impl Finder {
    /// The first core at or after `from`.
    pub fn find(&self, text: &[u8], from: usize) -> Option<Span> {
        let mut at = from;
        loop {
            let rest = Span { start: at, end: text.len() };
            let hit = match self {
                Self::Packed(searcher) => searcher.find_in(text, rest)?.span(),
                Self::Automaton(automaton) => automaton.find(aho_corasick::Input::new(text).span(rest))?.span(),
                Self::Nothing => return (from < text.len()).then_some(Span { start: from, end: from }),
            };
            // `hosts.` and `requests.` are no host names.
            let word = hit.start.checked_sub(1).and_then(|b| text.get(b)).is_some_and(u8::is_ascii_alphabetic);
            if !(word && text.get(hit.start..hit.end) == Some(b"sts.")) {
                return Some(hit);
            }
            at = hit.end;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Finder;
    use crate::rules::{GENERIC, SPECIFIC};

    #[test]
    fn parts_of_words_are_no_hosts() {
        let finder = Finder::default();
        assert_eq!(finder.find(b"the requests. and hosts. that exists.", 0), None);
        assert_eq!(finder.find(b"at sts.eu-west-1", 0).map(|s| s.start), Some(3));
        assert_eq!(finder.find(b"identity hosts. identity", 9).map(|s| s.start), Some(17));
    }

    #[test]
    fn every_row_of_wordings_holds_a_core() {
        let cores: Vec<String> = super::CORES.iter().map(|c| c.to_ascii_lowercase()).collect();
        let rows = SPECIFIC.iter().chain(GENERIC).map(|r| r.parts.join(" "));
        let without: Vec<_> = rows.filter(|t| !cores.iter().any(|c| t.contains(c.as_str()))).collect();
        assert_eq!(without, Vec::<String>::new());
    }
}
