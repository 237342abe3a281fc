//! What the lab promises: it boots, the story breaks as it did, every fault shows in
//! the log of what it breaks, and everything heals again.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

use std::{
    path::Path,
    time::{Duration, Instant},
};

use trustwalk_lab::{
    Client, Lab, LabConfig, LabError, Outside, Ports, Story, Terms, TrustModel,
    faults::{REGISTRY, Target, find},
    story,
    world::{ALL, AWS_NODE, EXTERNAL_DNS},
};

/// Longest wait for a symptom or a recovery; a machine busy with other tests is slow.
const LIMIT: Duration = Duration::from_secs(30);

async fn lab(dir: &Path, story: Story, trust_model: TrustModel) -> Result<Lab, LabError> {
    Lab::start(LabConfig {
        story,
        trust_model,
        ports: Ports::default(),
        state_dir: dir.join("lab"),
        outside: Outside::default(),
        terms: Terms::default(),
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn boots_quickly_and_everything_becomes_ready() {
    let dir = tempfile::tempdir().unwrap();
    let start = Instant::now();
    let lab = lab(dir.path(), Story::Healthy, TrustModel::ThumbprintOnly).await.unwrap();
    let booted = start.elapsed();
    story::healthy(&lab).await.unwrap();
    assert!(booted < Duration::from_secs(5), "started in {booted:?}");
    let status = lab.status().await;
    assert_eq!(status["pods"].as_array().unwrap().len(), 12);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_story_breaks_all_six_pods_and_mends() {
    let dir = tempfile::tempdir().unwrap();
    let lab = lab(dir.path(), Story::BeforeTheChange, TrustModel::ThumbprintOnly).await.unwrap();
    story::before(&lab).await.unwrap();
    story::let_it_break(&lab).await.unwrap();
    let log = lab.log_of(Target::Workload(AWS_NODE));
    assert!(log.contains("WebIdentityErr: failed to retrieve credentials"), "{log}");
    let status = lab.status().await;
    let pods = status["pods"].as_array().unwrap();
    let failing = pods.iter().filter(|pod| pod["namespace"] == "kube-system" && pod["ready"] == false).count();
    assert_eq!(failing, 6, "{status:#}");
    lab.mend(None).await.unwrap();
    story::healthy(&lab).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn library_first_never_looks_at_the_thumbprint() {
    let dir = tempfile::tempdir().unwrap();
    let lab = lab(dir.path(), Story::Healthy, TrustModel::LibraryFirst).await.unwrap();
    story::healthy(&lab).await.unwrap();
    lab.break_with("thumbprint-mismatch").await.unwrap();
    lab.all_ready(&[AWS_NODE], LIMIT).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_are_private_and_hold_no_token() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let lab = lab(dir.path(), Story::Healthy, TrustModel::ThumbprintOnly).await.unwrap();
    for name in ["env", "kubeconfig", "lab.json", "ci/deploy/token", "ci/deploy/job.log"] {
        let path = lab.dir().join(name);
        let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{name}");
    }
    let env = std::fs::read_to_string(lab.dir().join("env")).unwrap();
    assert!(env.contains("export TRUSTWALK_TRUST_MODEL='thumbprint-only'"));
    assert!(env.contains("oidc.eks.us-west-2.amazonaws.com:443:127.0.0.1:"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_control_interface_breaks_mends_and_ends() {
    let dir = tempfile::tempdir().unwrap();
    let lab = lab(dir.path(), Story::Healthy, TrustModel::ThumbprintOnly).await.unwrap();
    let client = Client::open(lab.dir()).unwrap();
    assert_eq!(client.faults().await.unwrap().as_array().unwrap().len(), REGISTRY.len());
    client.break_with("gha-sub-case-mismatch").await.unwrap();
    assert_eq!(client.status().await.unwrap()["faults"][0], "gha-sub-case-mismatch");
    assert!(client.break_with("no-such-fault").await.is_err());
    client.mend(None).await.unwrap();
    assert!(client.status().await.unwrap()["faults"].as_array().unwrap().is_empty());
    client.down().await.unwrap();
    lab.down_asked().await;
    assert!(Client::open(lab.dir()).is_err());
}

#[test]
fn the_registry_is_sorted_and_finds_each() {
    assert!(REGISTRY.is_sorted_by(|a, b| a.name < b.name));
    for fault in REGISTRY {
        assert!(fault.source.starts_with("https://"), "{}", fault.name);
        assert_eq!(find(fault.name).map(|found| found.name), Some(fault.name));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_stand_side_by_side_and_twice_is_once() {
    let dir = tempfile::tempdir().unwrap();
    let lab = lab(dir.path(), Story::Healthy, TrustModel::ThumbprintOnly).await.unwrap();
    story::healthy(&lab).await.unwrap();
    let trust = find("sub-wrong-namespace").unwrap();
    let bare = find("annotation-missing-on-service-account").unwrap();
    for fault in [trust, bare, trust] {
        lab.break_with(fault.name).await.unwrap();
    }
    lab.logged(trust.target, trust.symptom, LIMIT).await.unwrap();
    lab.logged(bare.target, bare.symptom, LIMIT).await.unwrap();
    assert_eq!(lab.active().await, [bare.name, trust.name]);
    lab.mend(Some(bare.name)).await.unwrap();
    lab.all_ready(&[EXTERNAL_DNS], LIMIT).await.unwrap();
    assert!(lab.log_of(trust.target).contains(trust.symptom), "the other fault is still there");
    assert_eq!(lab.mend(Some(trust.name)).await.unwrap(), [trust.name]);
    assert!(lab.mend(Some(trust.name)).await.unwrap().is_empty());
    story::healthy(&lab).await.unwrap();
}

/// Injects and mends every `step`-th fault from `first` on, one after the other.
async fn walk(first: usize, step: usize) {
    let dir = tempfile::tempdir().unwrap();
    let lab = lab(dir.path(), Story::Healthy, TrustModel::ThumbprintOnly).await.unwrap();
    story::healthy(&lab).await.unwrap();
    let mut failures = Vec::new();
    for fault in REGISTRY.iter().skip(first).step_by(step) {
        let start = Instant::now();
        assert!(!lab.log_of(fault.target).contains(fault.symptom), "{} shows before it is there", fault.name);
        if let Err(error) = lab.break_with(fault.name).await {
            failures.push(format!("{}: {error}\n{}", fault.name, lab.log_of(fault.target)));
        }
        if let Err(error) = lab.logged(fault.target, fault.symptom, LIMIT / 5).await {
            failures.push(format!("{}: {error}", fault.name));
        }
        lab.mend(Some(fault.name)).await.unwrap();
        if let Err(error) = lab.all_ready(&ALL, LIMIT).await {
            failures.push(format!("{} mended: {error}", fault.name));
        }
        eprintln!("{} took {:?}", fault.name, start.elapsed());
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_show_and_heal_first_third() {
    walk(0, 3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_show_and_heal_second_third() {
    walk(1, 3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_show_and_heal_last_third() {
    walk(2, 3).await;
}
