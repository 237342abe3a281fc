//! The XML of `JUnit` (llg.cubic.org, "`JUnit` XML"): a test for each identity, and beside these one for each thing
//! that is nobody's: a policy by itself, a change of trust, a file not read.

use trustwalk_preflight::{Found, Identity, Note, Report, Spot, Standing};
use trustwalk_render::Shown;

use super::machines::{WIDER, message, wider};
use super::nowhere;

/// Text that XML takes.
fn xml(text: &str) -> String {
    let shown = trustwalk_foreign::visible::line(text);
    shown.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Tests of one kind.
struct Suite {
    name: &'static str,
    cases: Vec<String>,
    failures: usize,
    errors: usize,
}

impl Suite {
    fn new(name: &'static str) -> Self {
        Self { name, cases: Vec::new(), failures: 0, errors: 0 }
    }

    /// A test, and what became of it: the element, its type, its text.
    fn add(&mut self, name: &str, at: &Spot, came: Option<(&str, &str, &str)>) {
        let head = format!(
            "    <testcase name=\"{}\" classname=\"{}\" file=\"{}\" line=\"{}\"",
            xml(name),
            self.name,
            xml(&at.file),
            at.line
        );
        match came {
            Some((element, kind, text)) => {
                let (failed, open) = if element == "failure" { (1, 0) } else { (0, 1) };
                self.failures += failed;
                self.errors += open;
                let inner = format!("<{element} type=\"{kind}\" message=\"{}\"/>", xml(text));
                self.cases.push(format!("{head}>{inner}</testcase>"));
            }
            None => self.cases.push(format!("{head}/>")),
        }
    }

    fn counts(&self) -> (usize, usize, usize) {
        (self.cases.len(), self.failures, self.errors)
    }
}

fn head((tests, failures, errors): (usize, usize, usize)) -> String {
    format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\"")
}

/// The report.
pub(super) fn junit(report: &Report) -> Shown {
    let mut identities = Suite::new("identities");
    for identity in &report.identities {
        let text = told(report, identity);
        let came = match (identity.standing, &text) {
            (Standing::Sound, _) => None,
            (Standing::Broken, Some((kind, text))) => Some(("failure", kind.as_str(), text.as_str())),
            // What somebody set aside, with a reason, fails no test.
            (Standing::Broken, None) if report.findings.is_empty() => None,
            (Standing::Broken, None) => Some(("failure", "role", "its role is broken, whoever asks: see the files")),
            (_, Some((kind, text))) => Some(("error", kind.as_str(), text.as_str())),
            (_, None) => Some(("error", "not decided", "it is not decided")),
        };
        identities.add(&identity.who, &identity.at, came);
    }
    let mut others = Suite::new("files");
    let own = |who: &str| report.identities.iter().any(|i| i.who == who);
    for found in report.findings.iter().filter(|f| !report.identities.iter().any(|i| is_of(f, i))) {
        others.add(&found.identity, &found.at, Some(("failure", found.finding.code(), &message(found))));
    }
    for (change, text) in wider(report) {
        others.add(&change.role, &change.at, Some(("failure", WIDER.0, &text)));
    }
    let mut open = |name: &str, note: &Note| {
        let at = note.at.clone().unwrap_or_else(nowhere);
        others.add(name, &at, Some(("error", name, &note.text)));
    };
    let nobodys = |n: &&Note| n.identity.as_deref().is_none_or(|who| !own(who));
    report.undetermined.iter().filter(nobodys).for_each(|note| open("not decided", note));
    report.unread.iter().for_each(|note| open("not read", note));
    written(&[identities, others])
}

/// Whether a finding is an identity's: its own, or of a workload that has its role.
fn is_of(found: &Found, identity: &Identity) -> bool {
    let role = |at: &Spot| identity.role_at.as_ref() == Some(at);
    found.identity == identity.who || found.is_also_of(&identity.who) || found.related.iter().any(|r| role(&r.at))
}

/// What is told of an identity that is not sound: codes and sentences of its findings, or why it is open.
fn told(report: &Report, identity: &Identity) -> Option<(String, String)> {
    let found: Vec<_> = report.findings.iter().filter(|f| is_of(f, identity)).collect();
    if let Some(first) = found.first() {
        let of = |f: &&Found| {
            if f.is_also_of(&identity.who) { format!("as {}: {}", f.identity, message(f)) } else { message(f) }
        };
        let texts: Vec<String> = found.iter().map(of).collect();
        return Some((first.finding.code().to_owned(), texts.join("; ")));
    }
    let note = report.undetermined.iter().find(|n| n.identity.as_ref() == Some(&identity.who));
    note.map(|n| ("not decided".to_owned(), n.text.clone()))
}

fn written(suites: &[Suite]) -> Shown {
    let sum = suites.iter().map(Suite::counts).fold((0, 0, 0), |a, b| (a.0 + b.0, a.1 + b.1, a.2 + b.2));
    let mut lines = vec!["<?xml version=\"1.0\" encoding=\"UTF-8\"?>".to_owned()];
    lines.push(format!("<testsuites name=\"trustwalk\" {}>", head(sum)));
    for suite in suites {
        lines.push(format!("  <testsuite name=\"{}\" {}>", suite.name, head(suite.counts())));
        lines.extend(suite.cases.iter().cloned());
        lines.push("  </testsuite>".to_owned());
    }
    lines.push("</testsuites>\n".to_owned());
    Shown::json_text(lines.join("\n"))
}
