//! What kind of workload it is decides which cures and which next steps are told: a Deployment has no workflow, and a
//! job no pods.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests fail by panicking, as tests do"
)]

use serde_json::{Value, json};
use trustwalk_core::cause::Cause;
use trustwalk_core::diagnosis::{Diagnosis, Place, diagnose};
use trustwalk_core::evidence::{Evidence, Observed, Target};
use trustwalk_core::finding::Finding;
use trustwalk_core::habitat::Habitat;
use trustwalk_symptoms::classify;
use trustwalk_testkit::{NOW, github_job, story};

/// Failures that causes of jobs and of pods alike can show.
const SHARED: [&str; 5] = [
    "An error occurred (ExpiredToken) when calling the PutObject operation: The provided token has expired.",
    "ValidationError: 1 validation error detected: Value 'a/b' at 'roleSessionName' failed to satisfy constraint: \
     Member \
     must satisfy regular expression pattern: [\\w+=,.@-]*",
    "ValidationError: The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
    "ValidationError: 1 validation error detected: Value '50000' at 'durationSeconds' failed to satisfy constraint: \
     Member must have value less than or equal to 43200",
    "An error occurred (ExpiredTokenException) when calling the AssumeRoleWithWebIdentity operation: Token expired: \
     current date/time 1731098245 must be before the expiration date/time 1731095240",
];

fn hearing(mut e: Value, lines: &[&str]) -> Evidence {
    let told = |text: &&str| {
        let failure = classify(text).unwrap_or_else(|| panic!("not read: {text}"));
        json!({"origin": "a log", "count": 1, "sample": text, "failure": failure})
    };
    let value: Vec<Value> = lines.iter().map(told).collect();
    e["logs"] = json!({"state": "known", "value": value, "source": {"what": "a log", "at": NOW}});
    serde_json::from_value(e).unwrap()
}

fn alone(lines: &[&str]) -> Evidence {
    let blank = Evidence::new(Target::Log { name: "job.log".to_owned(), identity: None }, NOW);
    hearing(serde_json::to_value(blank).unwrap(), lines)
}

fn all(d: &Diagnosis) -> Vec<&Finding> {
    d.root_cause.iter().chain(&d.also).chain(&d.possible).chain(&d.warnings).collect()
}

/// Every word that tells what to do next.
fn advice(d: &Diagnosis) -> String {
    let cures = all(d).into_iter().flat_map(|f| &f.cures).flat_map(|c| c.by_hand.iter());
    let told = cures.map(|(tool, text)| format!("{tool}: {text}"));
    let decides = all(d).into_iter().filter_map(|f| f.decide.clone());
    told.chain(decides).chain(d.undetermined.iter().cloned()).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_workload_of_a_cluster_is_told_nothing_of_workflows() {
    for text in SHARED {
        let d = diagnose(&hearing(story().unwrap(), &[text]));
        let said = advice(&d);
        for word in ["workflow:", "role-duration-seconds", "`permissions:`", "--job"] {
            assert!(!said.contains(word), "{text}: {word}: {said}");
        }
    }
    let d = diagnose(&hearing(story().unwrap(), &SHARED[..1]));
    assert!(all(&d).iter().any(|f| f.cause == Cause::AppDoesNotRefreshSessionCredentials), "{:#?}", all(&d));
}

#[test]
fn a_job_is_told_nothing_of_pods() {
    for text in SHARED {
        let d = diagnose(&hearing(github_job().unwrap(), &[text]));
        let said = advice(&d);
        for word in ["kubectl", "KIND/NAME"] {
            assert!(!said.contains(word), "{text}: {word}: {said}");
        }
    }
}

#[test]
fn a_job_is_looked_at_in_the_region_that_its_file_names() {
    let region = |change: &dyn Fn(&mut Evidence)| {
        let mut e: Evidence = serde_json::from_value(github_job().unwrap()).unwrap();
        e.region = Some("us-east-1".to_owned());
        change(&mut e);
        let looked = diagnose(&e).looked;
        looked.into_iter().find(|l| l.what == Place::Region).and_then(|l| l.name)
    };
    let input = |e: &mut Evidence, value: &str| {
        let Observed::Known { value: job, .. } = &mut e.job else { panic!("no job") };
        job.inputs.insert("aws-region".to_owned(), value.to_owned());
    };
    let unasked = |e: &mut Evidence| e.caller = Observed::NotCollected { reason: "not asked for".to_owned() };
    assert_eq!(region(&|e| input(e, "eu-west-3")).as_deref(), Some("eu-west-3"));
    // What the run alone knows is no region; then it is the one of whoever looks, if anybody does.
    assert_eq!(region(&|e| input(e, "${{ vars.REGION }}")).as_deref(), Some("us-east-1"));
    assert_eq!(
        region(&|e| {
            input(e, "${{ vars.REGION }}");
            unasked(e);
        }),
        None
    );
}

#[test]
fn a_log_is_followed_up_where_its_lines_come_from() {
    let github = [
        "Error: Could not assume role with OIDC: No OpenIDConnect provider found in your account for \
         https://token.actions.githubusercontent.com",
        "It looks like you might be trying to authenticate with OIDC. Did you mean to set the `id-token` permission?",
        "Error: Credentials could not be loaded, please check your action inputs: Unable to get \
         ACTIONS_ID_TOKEN_REQUEST_URL env variable",
    ];
    for text in github {
        let e = alone(&[text]);
        assert_eq!(Habitat::of(&e), Habitat::Github, "{text}");
        let said = advice(&diagnose(&e));
        assert!(said.contains("--job FOLDER --log FILE") && !said.contains("KIND/NAME"), "{text}: {said}");
    }
    let eks = "WebIdentityErr: failed to retrieve credentials caused by: InvalidIdentityToken: No OpenIDConnect \
               provider \
               found in your account for https://oidc.eks.eu-west-1.amazonaws.com/id/D9A1B2C3";
    let said = advice(&diagnose(&alone(&[eks])));
    assert!(said.contains("KIND/NAME") && !said.contains("--job"), "{said}");
    let gitlab = "InvalidIdentityToken: No OpenIDConnect provider found in your account for https://gitlab.com";
    assert_eq!(Habitat::of(&alone(&[gitlab])), Habitat::OtherCi);
    // Of two places it is neither.
    assert_eq!(Habitat::of(&alone(&[github[0], eks])), Habitat::Unknown);
}
