//! Every format of `diagnose` and the exit code say the same, for every scenario of every rule.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

mod support;

use serde_json::{Value, json};
use support::trustwalk;
use trustwalk_core::diagnosis::{Outcome, besides_identity, diagnose};
use trustwalk_core::evidence::Evidence;
use trustwalk_testkit::{blank, scenarios};

/// Evidence of a failure for which no cause can be named: STS refuses, and nothing else is known.
fn unexplained(all: &[Evidence]) -> Evidence {
    let refused = all.iter().find(|e| e.exchange.known().is_some_and(|x| x.assumed.is_none())).unwrap();
    Evidence { exchange: refused.exchange.clone(), ..blank() }
}

#[test]
fn the_formats_and_the_exit_code_agree_whatever_was_found() {
    let mut all: Vec<Evidence> = scenarios().unwrap().iter().map(|(_, _, s)| s.evidence().unwrap()).collect();
    all.extend([blank(), unexplained(&all)]);
    for (outcome, code) in [(Outcome::Ok, 0), (Outcome::Undetermined, 4), (Outcome::Broken, 3), (Outcome::RootCause, 3)]
    {
        // Of many, those that fail for another reason than an identity are told apart.
        let judged = |e: &&Evidence| {
            let d = diagnose(e);
            d.outcome == outcome && besides_identity(e, &d).is_none()
        };
        let these: Vec<&Evidence> = all.iter().filter(judged).collect();
        assert!(!these.is_empty(), "nothing comes to {outcome:?}");
        let dir = tempfile::tempdir().unwrap();
        let bundle = json!({"version": 1, "tool": "trustwalk", "evidence": these});
        std::fs::write(dir.path().join("bundle"), bundle.to_string()).unwrap();
        let run = |words: &[&str]| {
            let words = [&["diagnose", "--bundle", "bundle"], words].concat();
            let out = trustwalk().args(words).current_dir(dir.path()).output().unwrap();
            assert_eq!(out.status.code(), Some(code), "{outcome:?}");
            String::from_utf8(out.stdout).unwrap()
        };
        let human = run(&["-v"]);
        let told: &[&str] = match outcome {
            Outcome::Ok => &["\nOk: no fault found, every link holds; judged: "],
            Outcome::Undetermined => {
                &["\nUndetermined: nothing wrong was found", "\nUndetermined: the workload is not well"]
            }
            Outcome::Broken => &["\nBroken: something fails"],
            Outcome::RootCause => &["\nRoot cause: TW"],
        };
        assert_eq!(told.iter().map(|t| human.matches(t).count()).sum::<usize>(), these.len(), "{outcome:?}");
        let short = run(&["-o", "short"]);
        let firsts = short.lines().filter(|l| match outcome {
            Outcome::RootCause => l.split(' ').nth(1) == Some("root-cause"),
            Outcome::Ok | Outcome::Undetermined | Outcome::Broken => l.split(' ').next() == Some(outcome.word()),
        });
        assert_eq!(firsts.count(), these.len(), "{outcome:?}: {short}");
        let json: Value = serde_json::from_str(&run(&["-o", "json"])).unwrap();
        assert!(json.as_array().unwrap().iter().all(|d| d["outcome"] == outcome.word()), "{outcome:?}");
        let overview = run(&[]);
        let word = if outcome == Outcome::RootCause { "broken" } else { outcome.word() };
        let title = format!("trustwalk: {} identities, {} {word}\n", these.len(), these.len());
        assert!(these.len() == 1 || overview.starts_with(&title), "{overview}");
    }
}
