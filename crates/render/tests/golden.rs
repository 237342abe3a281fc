//! One golden file for each kind of report, so that a change of wording is seen by whoever reviews it. Set
//! `TRUSTWALK_WRITE` to rewrite them, or run `cargo xtask gen`.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use trustwalk_core::diagnosis::{Diagnosis, Outcome, diagnose};
use trustwalk_core::evidence::{Evidence, Target};
use trustwalk_core::finding::Confidence;
use trustwalk_core::plan::{Entry, Maker, PlanDocument, build, describe, document};
use trustwalk_render::{Detail, Next, Pen, Shown, Typed, closing_of_all, human, many, next, outlook, plan, short};
use trustwalk_testkit::{Scenario, blank};

const WRITE: &str = "TRUSTWALK_WRITE";
/// What each run has its own of: thumbprints of certificates made on the spot.
const THUMBPRINT: usize = 40;
/// Thumbprints that the scenarios name.
const OURS: [&str; 2] = ["9e99a48a9960b14926bb7f3b02e22da2b0ab7280", "6938fd4d98bab03faadb97b34396831e3780aea1"];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// A scenario of a cause, as `cause/file`.
fn scenario(name: &str) -> Scenario {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/causes").join(name).with_extension("toml");
    Scenario::parse(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn evidence(name: &str) -> Evidence {
    scenario(name).evidence().unwrap()
}

/// The same evidence, of another workload.
fn of_workload(name: &str, workload: &str) -> Evidence {
    let mut e = evidence(name);
    e.target =
        Target::Workload { resource: "Deployment".to_owned(), namespace: "shop".to_owned(), name: workload.to_owned() };
    e
}

/// A log, and nothing else.
fn of_log(line: &str) -> Evidence {
    let text = format!("base = \"story\"\nlog = [{line:?}]\n");
    let mut e = blank();
    e.target = Target::Log { name: "app.log".to_owned(), identity: None };
    e.logs = Scenario::parse(&text).unwrap().evidence().unwrap().logs;
    e
}

#[test]
fn a_log_that_says_whose_it_is_leads_to_them() {
    const REFUSED: &str = "An error occurred (AccessDenied) when calling the AssumeRoleWithWebIdentity operation: Not \
                           authorized to perform sts:AssumeRoleWithWebIdentity";
    for (before, command) in [
        ("hey, deployment/ledger in payments says ", "deployment/ledger -n payments"),
        ("[payments/ledger-5c5c454cb6-9h5lf] ", "pod/ledger-5c5c454cb6-9h5lf -n payments"),
        ("level=error pod=ledger-0 namespace=payments msg=", "pod/ledger-0 -n payments"),
        ("system:serviceaccount:payments:ledger: ", "serviceaccount/ledger -n payments"),
        // Of two nobody can say which is meant.
        ("ds/aws-node and deployment/ledger in payments: ", "KIND/NAME -n NAMESPACE"),
        ("", "KIND/NAME -n NAMESPACE"),
    ] {
        let e = of_log(&[before, REFUSED].concat());
        let told = next(&e, &diagnose(&e), &Typed::default());
        assert_eq!(told.command, Some(format!("trustwalk diagnose {command}")), "{before}");
    }
}

/// Numbers instead of what is another in each run.
fn steady(text: &str) -> String {
    let mut seen: Vec<String> = Vec::new();
    let mut out = String::new();
    let mut run = String::new();
    for c in text.chars().chain(['\n']) {
        if c.is_ascii_hexdigit() && !c.is_ascii_uppercase() {
            run.push(c);
            continue;
        }
        if run.len() == THUMBPRINT && !OURS.contains(&run.as_str()) {
            let at = seen.iter().position(|s| *s == run).unwrap_or_else(|| {
                seen.push(run.clone());
                seen.len() - 1
            });
            let _ = write!(out, "(thumbprint {})", at + 1);
        } else {
            out.push_str(&run);
        }
        run.clear();
        out.push(c);
    }
    out.pop();
    out
}

/// Told as to somebody who typed a context.
struct Told {
    d: Diagnosis,
    e: Evidence,
    next: Next,
}

fn told(e: Evidence, options: &[(&str, &str)]) -> Told {
    let options = options.iter().map(|(name, value)| ((*name).to_owned(), Some((*value).to_owned()))).collect();
    let d = diagnose(&e);
    let next = next(&e, &d, &Typed::new(false, options));
    Told { d, e, next }
}

fn planned(told: &Told) -> PlanDocument {
    let maker = Maker { tool: "1.0.0", server: None, entry: Entry::Asked };
    document(&told.e, &build(&told.e, &told.d), maker)
}

fn plain(name: &str) -> Told {
    told(evidence(name), &[("context", "prod")])
}

impl Told {
    fn human(&self) -> Shown {
        human(&self.d, &self.next, Pen::new(false), Detail::Brief)
    }

    fn verbose(&self) -> Shown {
        human(&self.d, &self.next, Pen::new(false), Detail::Full)
    }

    /// Holds the kind of report to what its name says.
    fn comes_to(self, outcome: Outcome) -> Self {
        assert_eq!(self.d.outcome, outcome, "{:?}", self.d.target);
        self
    }
}

fn several() -> Shown {
    let all = [
        plain("thumbprint-mismatch/near"),
        told(of_workload("thumbprint-mismatch/violated-library", "cart"), &[]),
        told(of_workload("thumbprint-mismatch/violated-library", "checkout"), &[]),
        told(of_workload("annotation-key-wrong/undetermined", "ledger"), &[]),
    ];
    let (d, next): (Vec<Diagnosis>, Vec<Next>) = all.into_iter().map(|t| (t.d, t.next)).unzip();
    let mut page = trustwalk_render::Page::new();
    page.append(many(&d, Pen::new(false)));
    page.gap();
    page.append(closing_of_all(&d, &next, None, Pen::new(false)));
    page.shown()
}

/// What undoing a plan would show.
fn undoing() -> Shown {
    let e = evidence("thumbprint-mismatch/violated-library");
    let made = build(&e, &diagnose(&e));
    let steps: Vec<trustwalk_core::plan::Outlook> = made
        .steps
        .iter()
        .filter_map(|s| {
            let back = s.inverse.as_ref()?;
            let told = describe(back, &s.precondition.expected);
            Some(trustwalk_core::plan::Outlook {
                words: told.words,
                changes: told.changes,
                touches: s.effect.blast_radius.clone(),
                only_while: Some(told.place),
                impossible: None,
            })
        })
        .collect();
    outlook("Plan to undo the fix of thumbprint-mismatch", &steps, Pen::new(false))
}

fn reports() -> Vec<(&'static str, Shown)> {
    let cause = plain("thumbprint-mismatch/violated-library").comes_to(Outcome::RootCause);
    let warning = plain("association-outranked-by-annotation/warning-not-yet").comes_to(Outcome::Ok);
    assert!(!warning.d.warnings.is_empty());
    let possible = plain("app-does-not-refresh-session-credentials/violated").comes_to(Outcome::Broken);
    assert!(possible.d.possible.len() > 1);
    let likely = plain("annotation-missing-on-service-account/violated").comes_to(Outcome::RootCause);
    assert_eq!(likely.d.root_cause.as_ref().unwrap().confidence, Confidence::Likely);
    let refused = "An error occurred (AccessDenied) when calling the AssumeRoleWithWebIdentity operation: Not \
                   authorized to perform sts:AssumeRoleWithWebIdentity";
    vec![
        ("sound.txt", plain("thumbprint-mismatch/near").comes_to(Outcome::Ok).human()),
        ("sound-verbose.txt", plain("thumbprint-mismatch/near").verbose()),
        ("warning.txt", warning.human()),
        ("root-cause.txt", cause.human()),
        ("root-cause-verbose.txt", cause.verbose()),
        ("root-cause-short.txt", short(&cause.d)),
        ("root-cause.json", Shown::json(&cause.d).unwrap()),
        ("nothing-pinned.txt", plain("thumbprint-mismatch/violated").human()),
        ("plan.txt", plan(&planned(&cause), Pen::new(false))),
        ("plan-by-hand.txt", {
            let by_hand = plain("app-configured-for-another-credential-source/violated");
            plan(&planned(&by_hand), Pen::new(false))
        }),
        ("undoing.txt", undoing()),
        ("by-hand.txt", plain("app-configured-for-another-credential-source/violated").human()),
        ("trust-policy.txt", plain("wildcard-with-stringequals/violated").comes_to(Outcome::RootCause).human()),
        ("likely.txt", likely.human()),
        ("several-possible.txt", possible.human()),
        ("several-possible-verbose.txt", possible.verbose()),
        ("several-possible-short.txt", short(&possible.d)),
        ("broken.txt", plain("wildcard-with-stringequals/undetermined").comes_to(Outcome::Broken).human()),
        ("undetermined.txt", plain("annotation-key-wrong/undetermined").comes_to(Outcome::Undetermined).human()),
        ("undetermined-short.txt", short(&plain("annotation-key-wrong/undetermined").d)),
        ("log-alone.txt", told(of_log(refused), &[("log", "app.log")]).comes_to(Outcome::Broken).human()),
        ("job.txt", told(evidence("gha-sub-environment-vs-ref/violated"), &[("job", ".")]).human()),
        ("many.txt", several()),
    ]
}

#[test]
fn every_kind_of_report_reads_as_it_is_kept() {
    let mut stale = Vec::new();
    let mut kept = BTreeSet::new();
    for (name, shown) in reports() {
        let path = folder().join(name);
        let made = steady(shown.as_str());
        kept.insert(name.to_owned());
        if std::env::var_os(WRITE).is_some() {
            std::fs::create_dir_all(folder()).unwrap();
            std::fs::write(&path, &made).unwrap();
        }
        let written = std::fs::read_to_string(&path).unwrap_or_default();
        if made != written {
            let first = made.lines().zip(written.lines()).position(|(m, w)| m != w);
            let at = first.unwrap_or_else(|| made.lines().count().min(written.lines().count()));
            let line = |text: &str| text.lines().nth(at).unwrap_or_default().to_owned();
            stale.push(format!("{name}, line {}:\n  - {}\n  + {}", at + 1, line(&written), line(&made)));
        }
    }
    assert!(
        stale.is_empty(),
        "reports read otherwise than they are kept; if that is meant, `cargo xtask gen` keeps them anew:\n{}",
        stale.join("\n")
    );
    let there: BTreeSet<String> =
        std::fs::read_dir(folder()).unwrap().map(|f| f.unwrap().file_name().to_string_lossy().into_owned()).collect();
    assert_eq!(there, kept, "a golden file that no report is compared with");
}

/// What is kept does not hang on certificates, which are others in each run.
#[test]
fn reports_are_the_same_in_every_run() {
    let twice = || reports().into_iter().map(|(_, shown)| steady(shown.as_str())).collect::<Vec<_>>();
    assert_eq!(twice(), twice());
}
