//! The few substrings one of which every failure's line holds, so that a scan looks for these
//! and judges only the lines that have one.
//!
//! `dentity` alone stands in `WebIdentityErr`, `InvalidIdentityToken`, `identity provider` and
//! `AssumeRoleWithWebIdentity`. The fewer they are, and the rarer their first four bytes, the faster a scan; but with
//! 32 or fewer the vectored search takes its other form, which was measured slower. It takes 64 at most: where there is
//! no place left, two rare substrings share one, a piece that both hold, and each becomes a companion of it; a hit that
//! has none is passed over before its line is judged. INVARIANT: every wording that is judged holds one; a test
//! says so.

use aho_corasick::{AhoCorasick, MatchKind, Span, packed};

/// The substrings, case-sensitive. At most 64: a vectored search takes no more (aho-corasick, `packed`).
pub(crate) const CORES: &[&str] = &[
    "dentity",
    "redential",
    "uthorized",
    "Denied",
    "OpenIDConnect",
    "oken ",
    "xpired",
    "_TOKEN",
    " Token",
    "satisfy",
    "xceed",
    "Packed",
    "IDPRejected",
    "CommunicationError",
    "account/token",
    "sts.",
    "169.254.",
    "MalformedPolicy",
    "DoesNotMatch",
    "IPAM",
    "zation failure",
    " meta",
    "onfig profile",
    "to proxy ",
    "r with url ",
    "AADSTS",
    "ederated p",
    "egion",
    "class path",
    "AWSSDK.S",
    "id-token",
    "time too high",
    "IAM role",
    "iam-for-pods",
    "ssume",
    "Starting ",
    "claim",
    "unnel",
    "nvalid",
    "ec2imds",
    "ole-arn",
    "fd00:ec2",
    "cieved, ",
    "KeyID not",
    "S3Exception",
    "403)",
    "orbidden: F",
    "okenService",
    "ole session",
    "y 'ExternalId'",
    "access denied by server",
    "bucket: Access",
    "backend_roles",
    "EC2MetadataE",
    "ole Name is",
    "JOB_JWT",
    "CCESS_KEY",
    "ccess key",
    "ccess Key",
    "SaslAuth",
    "request time and",
    "leArn and role",
    "'message'",
];

/// Cores that others write often, and pieces that several substrings share: each counts only where one of its
/// companions stands on the same line.
const COMPANIONS: &[(&str, &[&str])] = &[
    (
        "egion",
        &[
            "issing",
            "specify a",
            "find a",
            "AWS region is",
            "load region",
            "region config",
            "RegionEndpoint or",
            "supplied: aws",
            "configuration value is",
            "configuration options",
            "RegionDisabled",
            "is not valid: ",
        ],
    ),
    ("Starting ", &["manager", "ontroller", "erver", "pplication", "IPAMD", "ipamd", "gent", "leader", "unicorn"]),
    ("ssume", &["ole"]),
    ("claim", &["d claim", "laim is"]),
    ("unnel", &["HTTP Tunnel", "through proxy", "connection failed"]),
    ("'message'", &["annot read propert"]),
    ("ole-arn", &["not found", "expected one", "/role-arn"]),
    ("CCESS_KEY", &["must be", "required", "REQUIRED", "not set", "not configured", "issing", "provide"]),
    ("ccess key", &["must be", "required", "not set", "not configured", "issing", "provide", "cannot be"]),
    ("ccess Key", &["must be", "required", "not set", "not configured", "issing", "provide", "cannot be"]),
    (" meta", &["r metadata", "EC2 instance meta"]),
    (" Token", &["et ID Token", "ntication Token"]),
    ("_TOKEN", &["ID_TOKEN", "IDC_TOKEN"]),
    ("403)", &["(403) when", "(HTTP 403)"]),
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
            let core = text.get(hit.start..hit.end).unwrap_or_default();
            // `hosts.` and `requests.` are no host names.
            let word = hit.start.checked_sub(1).and_then(|b| text.get(b)).is_some_and(u8::is_ascii_alphabetic);
            if !(word && core == b"sts." || alone(text, hit, core)) {
                return Some(hit);
            }
            // Another may begin within it.
            at = hit.start + 1;
        }
    }
}

/// How far around a core its companion is looked for.
const NEAR: usize = 160;

/// Whether a core that others write, too, stands without one of its companions.
fn alone(text: &[u8], hit: Span, core: &[u8]) -> bool {
    let Some((_, companions)) = COMPANIONS.iter().find(|(c, _)| c.as_bytes() == core) else { return false };
    let from = hit.start.saturating_sub(NEAR);
    let to = text.len().min(hit.end + NEAR);
    let before = text.get(from..hit.start).unwrap_or_default();
    let from = memchr_back(before).map_or(from, |n| from + n + 1);
    let after = text.get(hit.end..to).unwrap_or_default();
    let to = after.iter().position(|b| *b == b'\n').map_or(to, |n| hit.end + n);
    let line = text.get(from..to).unwrap_or_default();
    !companions.iter().any(|c| line.windows(c.len()).any(|w| w == c.as_bytes()))
}

fn memchr_back(bytes: &[u8]) -> Option<usize> {
    bytes.iter().rposition(|b| *b == b'\n')
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
    fn the_search_is_vectored_where_it_can_be() {
        assert!(super::CORES.len() <= 64);
        #[cfg(target_arch = "x86_64")]
        assert!(!std::is_x86_feature_detected!("avx2") || matches!(Finder::default(), Finder::Packed(_)));
    }

    #[test]
    fn a_common_word_counts_beside_its_companion() {
        let finder = Finder::default();
        assert_eq!(finder.find(b"cache miss: key missing\nregion is set", 0), None);
        assert!(finder.find(b"Invalid Configuration: Missing Region", 0).is_some());
        assert!(finder.find(b"Starting to count, Starting again", 0).is_none());
    }

    #[test]
    fn every_row_of_wordings_holds_a_core() {
        let lower = |text: &str| text.to_ascii_lowercase();
        let holds = |row: &str, core: &str| {
            let companions = super::COMPANIONS.iter().find(|(c, _)| *c == core).map_or(&[][..], |(_, all)| all);
            let beside = companions.is_empty() || companions.iter().any(|c| row.contains(&lower(c)));
            row.contains(&lower(core)) && beside
        };
        let rows = SPECIFIC.iter().chain(GENERIC).map(|r| r.parts.join(" "));
        let without: Vec<_> = rows.filter(|t| !super::CORES.iter().any(|c| holds(t, c))).collect();
        assert_eq!(without, Vec::<String>::new());
    }

    #[test]
    fn a_shared_piece_finds_all_that_share_it_and_nothing_else() {
        let finder = Finder::default();
        for (core, companions) in super::COMPANIONS {
            assert!(super::CORES.contains(core), "{core}");
            for whole in companions.iter().filter(|c| c.contains(core)) {
                assert!(finder.find(whole.as_bytes(), 0).is_some(), "{whole}");
            }
            let other = format!("till{core}=till");
            assert_eq!(finder.find(other.as_bytes(), 0), None, "{core}");
        }
    }
}
