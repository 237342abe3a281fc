//! A command that failed: what, where, why and what to do, for people in lines and for programs as a document; and its
//! exit code, the same whichever command met the trouble.

use std::path::Path;

use serde::Serialize;
use trustwalk_apply::ApplyError;
use trustwalk_collect::{CollectError, Likely, NoCluster};
use trustwalk_lab::LabError;
use trustwalk_render::{PLACE, Shown};

use crate::args::{Notation, Said};
use crate::exit::{self, Exit, Interrupted, Left, TimedOut, Unknown, UsageError};
use crate::style;

/// Version of the document.
const SCHEMA: u32 = 1;

/// What is told of a failure.
#[derive(Debug, Serialize)]
struct Told {
    /// The kind of trouble, for programs.
    code: &'static str,
    /// What failed.
    what: String,
    /// Where: a file, a cluster, a namespace; null where that is not one place.
    #[serde(rename = "where")]
    place: Option<String>,
    /// Why, the nearest reason first.
    why: Vec<String>,
    /// What to do: a command, or words.
    next: Option<String>,
    /// The exit code.
    exit: u8,
}

#[derive(Debug, Serialize)]
struct Document<'a> {
    schema: u32,
    error: &'a Told,
}

/// Tells an error, and its exit code.
pub(crate) fn tell(error: &anyhow::Error, said: &Said) -> u8 {
    let told = Told::of(error, said);
    say(&told, said.notation);
    told.exit
}

/// Tells that the words of the command line make no sense; they are shown by the parser itself.
pub(crate) fn usage(words: &str, notation: Option<Notation>) {
    let mut lines = words.lines().map(str::trim).filter(|line| !line.is_empty());
    let what = lines.next().unwrap_or_default().trim_start_matches("error: ").to_owned();
    let told = Told {
        code: "usage",
        what,
        place: Some("the command line".to_owned()),
        why: lines.take_while(|line| !line.starts_with("Usage:")).map(str::to_owned).collect(),
        next: Some("trustwalk --help".to_owned()),
        exit: exit::USAGE,
    };
    document(&told, notation);
}

/// What stands for what was taken out ([`trustwalk_foreign::redact`]), which tells a reader nothing by itself.
const WITHHELD: &str = "[withheld]";

fn say(told: &Told, notation: Option<Notation>) {
    style::complain(format_args!("error: {}", told.what));
    for why in &told.why {
        style::complain(format_args!("  because: {why}"));
    }
    if std::iter::once(&told.what).chain(&told.why).any(|line| line.contains(WITHHELD)) {
        style::complain(format_args!(
            "  note: `[withheld]` stands for what looks like a secret, which is shown to nobody"
        ));
    }
    if let Some(next) = &told.next {
        style::complain(format_args!("Next: {next}"));
    }
    document(told, notation);
}

/// On standard output, unless a document stands there already: it would be the second of one answer.
fn document(told: &Told, notation: Option<Notation>) {
    let Some(notation) = notation.filter(|_| !style::has_spoken()) else { return };
    if let Ok(shown) = written(notation, &Document { schema: SCHEMA, error: told }) {
        // Nobody is left to tell when that fails.
        let _ = style::say(&shown);
    }
}

fn written(notation: Notation, document: &impl Serialize) -> serde_json::Result<Shown> {
    match notation {
        Notation::Json => Shown::json(document),
        Notation::Yaml => Shown::yaml(document),
    }
}

impl Told {
    fn of(error: &anyhow::Error, said: &Said) -> Self {
        let why = error.chain().skip(1).map(|cause| trustwalk_foreign::redact(&cause.to_string()).into_owned());
        let mut told = Self {
            code: "internal",
            what: trustwalk_foreign::redact(&error.to_string()).into_owned(),
            place: None,
            why: why.collect(),
            next: None,
            exit: exit::INTERNAL,
        };
        for cause in error.chain() {
            if let Some(error) = cause.downcast_ref::<CollectError>() {
                told.collect(error, said);
                return told;
            }
            if let Some(unknown) = cause.downcast_ref::<Unknown>() {
                (told.code, told.exit) = ("not-found", exit::USAGE);
                told.next.clone_from(&unknown.next);
                return told;
            }
            if cause.is::<UsageError>() {
                (told.code, told.exit) = ("usage", exit::USAGE);
                told.place = Some("the command line".to_owned());
                return told;
            }
            if let Some(interrupted) = cause.downcast_ref::<Interrupted>() {
                (told.code, told.exit) = ("interrupted", interrupted.code());
                return told;
            }
            if cause.is::<TimedOut>() {
                (told.code, told.exit) = ("timed-out", Exit::Undetermined.code());
                return told;
            }
            if let Some(ApplyError::Unreadable { path, .. }) = cause.downcast_ref::<ApplyError>() {
                told.code = "file-unreadable";
                told.place = Some(path.display().to_string());
                return told;
            }
            // Nothing of ours failed: what was planned for is not there any more as it was.
            if let Some(ApplyError::Stale { .. } | ApplyError::Gone { .. }) = cause.downcast_ref::<ApplyError>() {
                (told.code, told.exit) = ("stale", Exit::Findings.code());
                let left = error.downcast_ref::<Left>().map(|left| left.next.clone());
                told.next = Some(left.unwrap_or_else(|| said.typed.again_all("diagnose", None)));
                return told;
            }
            if let Some(LabError::NotRunning(folder)) = cause.downcast_ref::<LabError>() {
                told.code = "no-lab";
                told.place = Some(folder.clone());
                told.next = Some("trustwalk lab up".to_owned());
                return told;
            }
            if cause.is::<std::io::Error>() {
                told.code = "io";
            }
        }
        told
    }

    fn collect(&mut self, error: &CollectError, said: &Said) {
        use CollectError as E;
        let file = |path: &std::path::Path| Some(path.display().to_string());
        let undetermined = Exit::Undetermined.code();
        let (code, place, next, exit) = match error {
            E::Write { path, .. } => ("file-unwritable", file(path), None, exit::INTERNAL),
            E::TooLarge { path, .. } => ("file-too-large", file(path), None, exit::INTERNAL),
            E::Read { path, .. } if of_a_lab_that_is_down(path) => {
                self.why.push("the lab that `TRUSTWALK_LAB_DIR` names is down".to_owned());
                ("file-unreadable", file(path), Some("trustwalk lab up".to_owned()), exit::INTERNAL)
            }
            E::Read { path, .. } | E::NotAFile { path } | E::Slow { path } => {
                ("file-unreadable", file(path), None, exit::INTERNAL)
            }
            E::Exists { path } => ("file-exists", file(path), None, exit::INTERNAL),
            E::Pem { path, .. } | E::Format { path, .. } => ("file-malformed", file(path), None, exit::INTERNAL),
            E::Unlisted(_) => ("not-listed", None, Some(said.typed.command("access", &[], &PLACE)), undetermined),
            E::Gone { within, near, list, .. } => {
                let place = within.trim().trim_start_matches("in ");
                let place = (!place.is_empty()).then(|| place.to_owned());
                ("not-found", place, near.first().map(|n| nearest(n, said)).or_else(|| list.clone()), exit::USAGE)
            }
            E::Target { near, .. } => {
                let next = near.first().map(|n| nearest(n, said));
                ("usage", Some("the command line".to_owned()), next.or_else(|| Some(help(said))), exit::USAGE)
            }
            E::NoCluster(none) => {
                let (code, next, exit) = without_cluster(none, said);
                (code, None, Some(next), exit)
            }
            E::Kubeconfig(_) => ("kubeconfig-unusable", None, None, exit::INTERNAL),
            E::Proxy(_) => ("proxy-unsupported", Some("the environment".to_owned()), None, exit::INTERNAL),
            E::Region(_) => ("usage", None, None, exit::USAGE),
            E::Clock => ("clock", None, None, exit::INTERNAL),
            E::Contradiction(_) => ("usage", Some("the command line".to_owned()), None, exit::USAGE),
        };
        (self.code, self.place, self.next, self.exit) = (code, place, next, exit);
    }
}

/// Whether a file is missing with the lab whose variables this shell still has.
fn of_a_lab_that_is_down(path: &Path) -> bool {
    let lab = trustwalk_collect::env_os("TRUSTWALK_LAB_DIR");
    lab.is_some_and(|dir| path.starts_with(&dir) && !Path::new(&dir).join("env").exists())
}

/// The same command about what was meant.
fn nearest(likely: &Likely, said: &Said) -> String {
    let values: Vec<&str> = likely.values.iter().map(String::as_str).collect();
    // An option names what was meant beside what was asked about; a word names that itself.
    if let (Some(option), [value]) = (likely.template.strip_suffix(" {}").filter(|o| o.starts_with('-')), &*values) {
        return said.typed.with_option(said.verb, option, value);
    }
    let kept = [&["bundle"], &PLACE[..]].concat();
    let words = [said.verb, " ", likely.template].concat();
    match said.typed.value("namespace").filter(|_| likely.template == "{}") {
        Some(namespace) => {
            let values: Vec<&str> = values.into_iter().chain([namespace]).collect();
            said.typed.command(&[&words, " -n {}"].concat(), &values, &kept)
        }
        None => said.typed.command(&words, &values, &kept),
    }
}

fn help(said: &Said) -> String {
    said.typed.command(&[said.verb, " --help"].concat(), &[], &[])
}

fn without_cluster(none: &NoCluster, said: &Said) -> (&'static str, String, u8) {
    let file = || said.typed.command(&[said.verb, " --kubeconfig FILE"].concat(), &[], &[]);
    match none {
        NoCluster::Unnamed => ("no-kubeconfig", file(), exit::INTERNAL),
        NoCluster::Unusable(_) => ("kubeconfig-unusable", file(), exit::INTERNAL),
        NoCluster::Login { next, .. } => ("cluster-login-failed", next.clone(), Exit::Undetermined.code()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(error: impl Into<anyhow::Error>) -> Told {
        Told::of(&error.into(), &Said { verb: "diagnose", ..Said::default() })
    }

    #[test]
    fn a_name_that_does_not_exist_ends_with_two_and_the_nearest() {
        let near = vec![Likely::new("{} -n {}", &["deployment/ledger", "payments"])];
        let (what, within) = ("deployment/ledgr".to_owned(), " in namespace payments".to_owned());
        let found = told(CollectError::Gone { what, within, near, list: None });
        assert_eq!((found.code, found.exit), ("not-found", 2));
        assert_eq!(found.next.as_deref(), Some("trustwalk diagnose deployment/ledger -n payments"));
        assert_eq!(found.place.as_deref(), Some("namespace payments"));
        assert!(found.why.is_empty());
    }

    #[test]
    fn what_is_not_any_more_as_the_plan_saw_it_is_a_finding_and_no_failure_of_ours() {
        let (what, expected, found) = ("the role".to_owned(), "a".to_owned(), "b".to_owned());
        let stale = ApplyError::Stale { what, expected, found };
        let gone = ApplyError::Gone { step: "annotate".to_owned(), why: "there is no such account".to_owned() };
        for error in [stale, gone] {
            let found = told(anyhow::Error::new(error).context("what was done is in receipt.json"));
            assert_eq!((found.code, found.exit), ("stale", 3));
            assert_eq!(found.next.as_deref(), Some("trustwalk diagnose"));
        }
    }

    #[test]
    fn context_is_kept_around_an_error_and_secrets_are_not() {
        let io = std::io::Error::other(format!("Authorization: Bearer {}", ["can", "ary"].concat()));
        let path = "x".into();
        let error = anyhow::Error::new(CollectError::Read { path, source: io }).context("the evidence is not complete");
        let found = told(error);
        assert_eq!((found.code, found.exit, found.place.as_deref()), ("file-unreadable", 1, Some("x")));
        assert!(found.why.len() == 2 && !found.why[1].contains("canary"), "{:?}", found.why);
        assert_eq!(told(anyhow::anyhow!("x")).exit, 1);
        assert_eq!(told(UsageError("x".to_owned())).exit, 2);
    }
}
