//! Words of a failure that a log only quotes: told, and never more than possible.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

use serde_json::json;
use trustwalk_core::diagnosis::{Diagnosis, Outcome, diagnose};
use trustwalk_core::evidence::{Evidence, LogFailure, LogMention, Observed, Source, Target};
use trustwalk_core::finding::Confidence;
use trustwalk_core::observation::{Fate, Seen};
use trustwalk_symptoms::{Dress, Mention, Symptom, classify};
use trustwalk_testkit::{NOW, story};

const MISSING: &str = "InvalidIdentityToken: No OpenIDConnect provider found in your account for \
    https://oidc.eks.us-west-2.amazonaws.com/id/AB12";

fn mention(symptom: Symptom) -> LogMention {
    let mention = Mention { symptom, dress: Dress::Comment, message: format!("# {MISSING}") };
    LogMention { origin: "app.log".to_owned(), count: 2, mention }
}

fn of_log(mentioned: Vec<LogMention>, lines: &[&str]) -> Diagnosis {
    let mut e = Evidence::new(Target::Log { name: "app.log".to_owned(), identity: None }, NOW);
    e.besides.mentioned = mentioned;
    let line = |text: &&str| -> LogFailure {
        let failure = classify(text).unwrap();
        serde_json::from_value(json!({"origin": "app.log", "count": 1, "first": null, "last": null, "sample": text,
            "failure": failure}))
        .unwrap()
    };
    e.logs = Observed::Known { value: lines.iter().map(line).collect(), source: Source::default() };
    diagnose(&e)
}

#[test]
fn what_is_quoted_is_told_and_names_no_cause() {
    let d = of_log(vec![mention(Symptom::NoProvider)], &[]);
    assert!(d.root_cause.is_none() && d.also.is_empty() && d.possible.is_empty(), "{d:#?}");
    assert_eq!(d.outcome, Outcome::Undetermined);
    let told = d.undetermined.iter().find(|u| u.contains("no-provider")).unwrap();
    assert!(told.contains("2 times") && told.contains("a comment") && told.contains("TW021"), "{told}");
    let seen = d.observations.iter().find(|o| o.seen == Seen::Mentioned).unwrap();
    assert_eq!((seen.symptom, &seen.fate), (Some(Symptom::NoProvider), &Fate::Unexplained));
}

#[test]
fn what_is_quoted_and_happened_is_told_once() {
    let alone = of_log(Vec::new(), &[MISSING]);
    let both = of_log(vec![mention(Symptom::NoProvider)], &[MISSING]);
    assert_eq!(both.root_cause, alone.root_cause);
    assert_eq!(both.undetermined, alone.undetermined);
}

#[test]
fn what_is_quoted_leaves_another_failure_as_sure_as_it_is() {
    let refused = "AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity";
    let alone = of_log(Vec::new(), &[refused]);
    let both = of_log(vec![mention(Symptom::NoProvider)], &[refused]);
    let sure = |d: &Diagnosis| d.root_cause.as_ref().map(|f| (f.cause, f.confidence));
    assert_eq!(sure(&both), sure(&alone));
    assert!(both.possible.iter().all(|f| f.confidence == Confidence::Possible));
    assert_eq!(both.candidates, alone.candidates);
    assert!(both.undetermined.iter().any(|u| u.contains("no-provider")), "{:#?}", both.undetermined);
}

#[test]
fn a_sound_workload_stays_so_and_is_told_of_what_its_log_quotes() {
    let sound = serde_json::from_value::<Evidence>(story().unwrap()).unwrap();
    let before = diagnose(&sound);
    let mut quoting = sound;
    quoting.besides.mentioned = vec![mention(Symptom::NoProvider)];
    let d = diagnose(&quoting);
    assert_eq!((d.outcome, &d.undetermined), (before.outcome, &before.undetermined));
    assert!(d.links.iter().any(|l| l.saw.contains("a comment")), "{:#?}", d.links);
}
