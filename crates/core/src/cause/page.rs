//! The front matter of a cause's page, and the page as people read it.
//!
//! A form of our own, a subset of YAML, read without a library: `key: value` lines, and lists of `  - ` lines.

use std::sync::LazyLock;

use trustwalk_symptoms::Symptom;

use super::Cause;
use crate::evidence::Kind;
use crate::link::Link;
use crate::severity::Severity;

/// Who repairs a cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repair {
    /// `fix --approve` changes what is wrong, where the evidence tells to what.
    NeedsApproval,
    /// `fix --approve` makes the pods anew, and nothing else need change.
    NewPods,
    /// A person must, and why.
    Manual(Hand),
}

/// Why a cause is left to people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hand {
    /// Program, image or SDK.
    Application,
    /// The workload's own manifest.
    Workload,
    /// Files of somebody's repository.
    Repository,
    /// Whoever runs the issuer.
    Issuer,
    /// Networks, name servers, proxies and endpoints.
    Network,
    /// A program of the cluster's own.
    Cluster,
    /// What the account or the organisation decided.
    Account,
    /// Nothing that can be read tells it.
    Unknown,
    /// It passes.
    Passes,
}

impl Hand {
    const ALL: [Self; 9] = [
        Self::Application,
        Self::Workload,
        Self::Repository,
        Self::Issuer,
        Self::Network,
        Self::Cluster,
        Self::Account,
        Self::Unknown,
        Self::Passes,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Application => "application",
            Self::Workload => "workload",
            Self::Repository => "repository",
            Self::Issuer => "issuer",
            Self::Network => "network",
            Self::Cluster => "cluster",
            Self::Account => "account",
            Self::Unknown => "unknown",
            Self::Passes => "passes",
        }
    }

    /// In one sentence.
    pub const fn why(self) -> &'static str {
        match self {
            Self::Application => "the program, its image or its SDK has to change",
            Self::Workload => "it stands in the workload's own manifest, and what that is to hold its owner says",
            Self::Repository => "it stands in a file of somebody's repository",
            Self::Issuer => "whoever runs the issuer has to change it",
            Self::Network => "networks, name servers, proxies and endpoints have owners of their own",
            Self::Cluster => "a program or a setting of the cluster's own has to be installed or changed",
            Self::Account => "it is a decision of the account or the organisation",
            Self::Unknown => "what is right stands in nothing that can be read",
            Self::Passes => "nothing need be changed: it passes",
        }
    }
}

/// Where a cause can be met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Home {
    /// Wherever a token is exchanged.
    Anywhere,
    /// In a Kubernetes cluster.
    Cluster,
    /// In a CI job.
    Ci,
    /// In a job of GitHub.
    Github,
}

impl Home {
    const fn name(self) -> &'static str {
        match self {
            Self::Anywhere => "anywhere",
            Self::Cluster => "cluster",
            Self::Ci => "ci",
            Self::Github => "github",
        }
    }
}

/// What is known of a cause without looking at evidence.
#[derive(Debug, Clone)]
pub struct CauseMeta {
    /// Stable, severity-free: `TW001`. Never reused.
    pub code: &'static str,
    /// One line.
    pub summary: &'static str,
    /// The link it breaks.
    pub link: Link,
    /// Severity of its findings.
    pub severity: Severity,
    /// Causes that explain this one away: it is folded under them as a consequence.
    pub masked_by: Vec<Cause>,
    /// Causes that stay true where this one holds: what is said where the facts that tell it apart were not read.
    pub refines: Vec<Cause>,
    /// Where it can be met.
    pub home: Home,
    /// The symptoms that it can show.
    pub shows: Vec<Symptom>,
    /// The facts that decide it; none where nothing that trustwalk reads does, as with what a process does inside.
    pub decided_by: Vec<Kind>,
    /// Where the rule about somebody else's behaviour is documented or reported.
    pub sources: Vec<&'static str>,
    /// Sentences that AWS, SDKs and tools print for it, word for word.
    pub says: Vec<&'static str>,
    /// Version it appeared in.
    pub since: &'static str,
    /// Whether it can be repaired.
    pub repair: Repair,
    /// The page's text, Markdown.
    pub doc: &'static str,
}

static META: LazyLock<Vec<CauseMeta>> =
    LazyLock::new(|| Cause::ALL.iter().map(|c| read(c.source()).unwrap_or_else(|_| unread(c.source()))).collect());

/// What stands for a cause whose page cannot be read; a test finds such a page before a user does.
static UNREAD: LazyLock<CauseMeta> = LazyLock::new(|| unread(""));

pub(super) fn meta(cause: Cause) -> &'static CauseMeta {
    META.get(cause as usize).unwrap_or(&UNREAD)
}

fn unread(doc: &'static str) -> CauseMeta {
    CauseMeta {
        code: "",
        summary: "",
        link: Link::Workload,
        severity: Severity::Error,
        masked_by: Vec::new(),
        refines: Vec::new(),
        home: Home::Anywhere,
        shows: Vec::new(),
        decided_by: Vec::new(),
        sources: Vec::new(),
        says: Vec::new(),
        since: "",
        repair: Repair::Manual(Hand::Unknown),
        doc,
    }
}

/// Reads a page; what is wrong with it otherwise.
fn read(source: &'static str) -> Result<CauseMeta, String> {
    let rest = source.strip_prefix("---\n").ok_or("no front matter")?;
    let (front, doc) = rest.split_once("\n---\n").ok_or("the front matter has no end")?;
    let mut meta = unread(doc.trim());
    let mut list = "";
    let mut keys: Vec<&str> = Vec::new();
    for line in front.lines() {
        if let Some(item) = line.strip_prefix("  - ") {
            let item = item.trim();
            match list {
                "sources" => add(&mut meta.sources, item)?,
                "says" => add(&mut meta.says, quoted(item))?,
                _ => return Err(format!("a list of {list}: {item}")),
            }
            continue;
        }
        let (key, value) = line.split_once(':').ok_or_else(|| format!("no key: {line}"))?;
        add(&mut keys, key)?;
        let value = quoted(value.trim());
        list = key;
        match key {
            "code" => meta.code = value,
            "summary" => meta.summary = value,
            "since" => meta.since = value,
            "link" => meta.link = one(value, &Link::ALL, Link::name)?,
            "severity" => {
                let all = [Severity::Info, Severity::Warning, Severity::Error];
                meta.severity = one(value, &all, Severity::name)?;
            }
            "repair" => {
                meta.repair = match value {
                    "fix" => Repair::NeedsApproval,
                    "pods" => Repair::NewPods,
                    hand => Repair::Manual(one(hand, &Hand::ALL, Hand::name)?),
                };
            }
            "masked-by" => {
                meta.masked_by = several(value, Cause::ALL, Cause::name)?;
            }
            "refines" => meta.refines = several(value, Cause::ALL, Cause::name)?,
            "home" => {
                let all = [Home::Anywhere, Home::Cluster, Home::Ci, Home::Github];
                meta.home = one(value, &all, Home::name)?;
            }
            "shows" => meta.shows = several(value, Symptom::ALL, Symptom::name)?,
            "decided-by" if value == "nothing" => {}
            "decided-by" => meta.decided_by = several(value, Kind::ALL, Kind::name)?,
            "sources" | "says" if value.is_empty() => {}
            _ => return Err(format!("no such key: {key}")),
        }
    }
    Ok(meta)
}

/// A cause's page as Markdown: what `explain` prints and `docs/rules/` holds.
pub fn page(cause: Cause) -> String {
    let meta = cause.meta();
    let repair = match meta.repair {
        Repair::NeedsApproval => "`trustwalk fix --approve`",
        Repair::NewPods => "by new pods, `trustwalk fix --approve`",
        Repair::Manual(_) => "by a person",
    };
    let mut out = format!(
        "# {}: {}\n\n{}.\n\nLink: {}. Repaired {repair}. Since {}.\n\n",
        meta.code,
        cause.name(),
        meta.summary,
        meta.link.name(),
        meta.since
    );
    if !meta.says.is_empty() {
        out.push_str("## What is printed\n\n```text\n");
        for text in &meta.says {
            out.push_str(text);
            out.push('\n');
        }
        out.push_str("```\n\n");
    }
    out.push_str(meta.doc);
    out.push_str("\n\n## References\n\n");
    for source in &meta.sources {
        out.push_str("- ");
        out.push_str(source);
        out.push('\n');
    }
    out
}

fn quoted(text: &'static str) -> &'static str {
    text.strip_prefix('"').and_then(|t| t.strip_suffix('"')).unwrap_or(text)
}

fn several<T: Copy>(values: &str, all: &[T], name: impl Fn(T) -> &'static str + Copy) -> Result<Vec<T>, String> {
    let mut names = Vec::new();
    values.split(", ").try_for_each(|value| add(&mut names, value))?;
    names.into_iter().map(|value| one(value, all, name)).collect()
}

/// Adds to a list in which nothing stands twice.
fn add<'a>(list: &mut Vec<&'a str>, item: &'a str) -> Result<(), String> {
    if list.contains(&item) {
        return Err(format!("it stands twice: {item}"));
    }
    list.push(item);
    Ok(())
}

fn one<T: Copy>(value: &str, all: &[T], name: impl Fn(T) -> &'static str) -> Result<T, String> {
    all.iter().copied().find(|t| name(*t) == value).ok_or_else(|| format!("nothing is called `{value}`"))
}

#[cfg(test)]
mod tests {
    use super::{Cause, read};

    #[test]
    fn every_page_can_be_read_and_codes_follow_the_order() {
        let mut before = "TW000";
        for cause in Cause::ALL {
            let meta = read(cause.source()).unwrap_or_else(|why| panic!("{}: {why}", cause.name()));
            let digits = meta.code.strip_prefix("TW").unwrap_or_default();
            assert!(digits.len() == 3 && digits.bytes().all(|b| b.is_ascii_digit()), "{}", meta.code);
            assert!(meta.code > before, "{} is not after {before}", meta.code);
            before = meta.code;
            assert!(!meta.summary.is_empty() && !meta.sources.is_empty() && !meta.doc.is_empty(), "{}", cause.name());
            assert!(!meta.shows.is_empty() && cause.source().contains("\ndecided-by: "), "{}", cause.name());
            assert!(!meta.masked_by.contains(cause), "{}", cause.name());
            assert_eq!(Cause::find(cause.name()), Some(*cause));
        }
    }

    #[test]
    fn what_a_page_says_is_understood_as_what_its_cause_shows() {
        let mut wrong = Vec::new();
        for cause in Cause::ALL {
            for text in &cause.meta().says {
                let seen: Vec<_> = trustwalk_symptoms::classify_all(text).iter().map(|f| f.symptom).collect();
                if !seen.iter().any(|s| cause.shows().contains(s)) {
                    wrong.push(format!("{}: {seen:?} of {text}", cause.name()));
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    #[test]
    fn nothing_stands_twice_in_front_matter() {
        let front = "code: TW001\nshows: no-provider, no-credentials\nsources:\n  - a\n  - b\n";
        let page = |front: String| read(String::leak(format!("---\n{front}\n---\nText.\n")));
        assert!(page(front.to_owned()).is_ok());
        let doubles =
            [("no-credentials", "no-provider"), ("  - b", "  - a"), ("sources:", "shows: no-credentials\nsources:")];
        for (old, new) in doubles {
            let why = page(front.replace(old, new)).unwrap_err();
            assert!(why.contains("twice"), "{why}");
        }
    }

    #[test]
    fn a_code_is_found_in_every_form_that_people_type() {
        for text in ["TW012", "tw012", "TW12", "12", "012", " tw-12 "] {
            assert_eq!(Cause::find(text).map(Cause::code), Some("TW012"), "{text}");
        }
        for text in ["", "TW", "TW000", "0", "twelve"] {
            assert_eq!(Cause::find(text), None, "{text}");
        }
    }
}
