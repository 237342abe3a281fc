//! The journal as a file: kept, recognised, refused.

use super::*;
use proptest::prelude::*;
use std::sync::atomic::{AtomicI64, Ordering};
use trustwalk_core::plan::{Action, Applicability, Effect, Precondition, describe, reach};

const ARN: &str = "arn:aws:iam::111122223333:oidc-provider/i.example";

fn step(action: Action, expected: &str) -> Step {
    let told = describe(&action, expected);
    Step {
        inverse: action.inverse(expected),
        precondition: Precondition { words: told.place, expected: expected.to_owned() },
        effect: Effect { words: told.words, changes: told.changes, blast_radius: reach(&action) },
        action,
        applicability: Applicability::NeedsApproval,
    }
}

fn home(dir: &tempfile::TempDir) -> Home {
    Home::at(dir.path().join("state"))
}

fn begun(path: &Path, home: &Home) -> Result<Journal, ApplyError> {
    let action = Action::SetThumbprints { provider_arn: ARN.into(), thumbprints: vec!["a".repeat(40)] };
    let steps = vec![step(action, &format!("[\"{}\"]", "b".repeat(40)))];
    let plan = Plan { version: 1, made: 7, cures: "TW007".into(), steps, notes: Vec::new(), withheld: Vec::new() };
    let place = Place { account: Some("111122223333".into()), endpoint: "http://a".into(), cluster: None };
    Journal::begin(path.to_owned(), &plan, Target::Log { name: "-".into() }, place, home.clone(), Vec::new())
}

fn refusal(path: &Path, home: &Home) -> String {
    Journal::open(path, home).unwrap_err().to_string()
}

#[test]
fn what_is_written_is_read_back_and_never_replaces_an_earlier_receipt() {
    let dir = tempfile::tempdir().unwrap();
    let (path, home) = (dir.path().join("r.json"), home(&dir));
    let mut journal = begun(&path, &home).unwrap();
    journal.mark(0, StepState::Started, None).unwrap();
    let again = Journal::open(&path, &home).unwrap();
    assert_eq!((again.receipt(), again.foreign()), (journal.receipt(), None));
    assert_eq!(again.receipt().steps[0].state, StepState::Started);
    let before = std::fs::read(&path).unwrap();
    assert!(matches!(begun(&path, &home), Err(ApplyError::Exists { .. })));
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn times_are_those_at_which_things_happened() {
    static NOW: AtomicI64 = AtomicI64::new(100);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("r.json");
    let mut journal = begun(&path, &home(&dir).with_clock(|| NOW.fetch_add(10, Ordering::SeqCst))).unwrap();
    journal.mark(0, StepState::Started, None).unwrap();
    journal.mark(0, StepState::Done, None).unwrap();
    journal.end(None).unwrap();
    let receipt = Journal::open(&path, &home(&dir)).unwrap().receipt().clone();
    let step = &receipt.steps[0];
    assert_eq!((receipt.began, step.began, step.at, receipt.ended), (100, Some(110), 120, Some(130)));
}

#[test]
fn whatever_a_service_says_the_receipt_is_read_back() {
    let dir = tempfile::tempdir().unwrap();
    let (path, home) = (dir.path().join("r.json"), home(&dir));
    let mut journal = begun(&path, &home).unwrap();
    let words = "é".repeat(MOST_WORDS);
    journal.mark(0, StepState::Pending, Some(words.clone())).unwrap();
    journal.end(Some(words)).unwrap();
    let again = Journal::open(&path, &home).unwrap();
    assert_eq!((again.receipt(), again.foreign()), (journal.receipt(), None));
}

#[test]
fn a_key_that_goes_in_the_midst_is_told_with_the_receipt() {
    let dir = tempfile::tempdir().unwrap();
    let (path, home) = (dir.path().join("r.json"), home(&dir));
    let mut journal = begun(&path, &home).unwrap();
    std::fs::remove_dir_all(dir.path().join("state")).unwrap();
    std::fs::write(dir.path().join("state"), "").unwrap();
    let error = journal.mark(0, StepState::Started, None).unwrap_err();
    assert!(matches!(error, ApplyError::Journal { .. }) && !error.is_refusal(), "{error:?}");
}

#[test]
fn what_a_stranger_put_in_the_way_is_neither_followed_nor_taken_over() {
    let dir = tempfile::tempdir().unwrap();
    let (path, home) = (dir.path().join("r.json"), home(&dir));
    let precious = dir.path().join("precious");
    std::fs::write(&precious, "mine").unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        symlink(&precious, dir.path().join("r.json.tmp")).unwrap();
        let mut journal = begun(&path, &home).unwrap();
        journal.mark(0, StepState::Done, None).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let link = dir.path().join("link.json");
        symlink(&path, &link).unwrap();
        assert!(format!("{:?}", Journal::open(&link, &home).unwrap_err()).contains("link"));
        assert!(matches!(begun(&link, &home), Err(ApplyError::Exists { .. })));
    }
    assert_eq!(std::fs::read_to_string(&precious).unwrap(), "mine");
}

#[test]
fn nothing_is_begun_where_no_journal_can_be_kept() {
    let dir = tempfile::tempdir().unwrap();
    let nowhere = dir.path().join("missing").join("r.json");
    assert!(matches!(begun(&nowhere, &home(&dir)), Err(ApplyError::Journal { .. })));
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    assert!(matches!(begun(&dir.path().join("r.json"), &Home::at(file.join("state"))), Err(ApplyError::Home(_))));
    assert!(!dir.path().join("r.json").exists());
}

#[test]
fn a_receipt_that_cannot_be_relied_on_is_refused_with_the_reason() {
    let dir = tempfile::tempdir().unwrap();
    let (path, home) = (dir.path().join("r.json"), home(&dir));
    begun(&path, &home).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replacen("\"version\": 2", "\"version\": 9", 1)).unwrap();
    assert!(refusal(&path, &home).contains("format 9") && refusal(&path, &home).contains("newer"));
    std::fs::write(&path, r#"{"version": 9, "unknown": []}"#).unwrap();
    assert!(refusal(&path, &home).contains("format 9"));
    for cut in [0, 1, text.len() / 2, text.len() - 3] {
        std::fs::write(&path, &text.as_bytes()[..cut]).unwrap();
        assert!(refusal(&path, &home).contains("not a trustwalk receipt"));
    }
    std::fs::write(&path, "[".repeat(100_000)).unwrap();
    assert!(refusal(&path, &home).contains("not a trustwalk receipt"), "depth");
    let large = std::fs::File::create(&path).unwrap();
    large.set_len(RECEIPT_BYTES + 1).unwrap();
    assert!(refusal(&path, &home).contains("larger"));
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(Journal::open(&path, &home), Err(ApplyError::Unreadable { .. })));
}

#[test]
fn a_receipt_of_another_key_is_foreign_and_stays_so_when_it_is_taken_over() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("r.json");
    begun(&path, &Home::at(dir.path().join("theirs"))).unwrap();
    let mine = home(&dir);
    assert_eq!(Journal::open(&path, &mine).unwrap().foreign(), Some(Foreign::NoKey));
    mine.key().unwrap();
    let mut journal = Journal::open(&path, &mine).unwrap();
    assert_eq!(journal.foreign(), Some(Foreign::OtherKey));
    journal.mark(0, StepState::Undone, None).unwrap();
    assert_eq!(Journal::open(&path, &mine).unwrap().foreign(), Some(Foreign::TakenOver));
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("  \"foreign\": true,\n", "")).unwrap();
    assert_eq!(Journal::open(&path, &mine).unwrap().foreign(), Some(Foreign::OtherKey));
}

#[test]
fn a_receipt_of_the_build_before_is_read_as_unsigned_and_refused_when_damaged() {
    let dir = tempfile::tempdir().unwrap();
    let (path, home) = (dir.path().join("r.json"), home(&dir));
    let journal = begun(&path, &home).unwrap();
    let mut old = journal.receipt().clone();
    old.version = 1;
    old.steps[0].step.effect.words = "the words of another build".into();
    let sum = digest(&serde_json::to_vec(&(&old, &journal.place)).unwrap());
    let mut value = serde_json::to_value(&old).unwrap();
    value["place"] = serde_json::to_value(&journal.place).unwrap();
    value["checksum"] = sum.into();
    std::fs::write(&path, value.to_string()).unwrap();
    let read = Journal::open(&path, &home).unwrap();
    assert_eq!(read.foreign(), Some(Foreign::Unsigned));
    assert_eq!(read.receipt().steps[0].step.effect.words, format!("set the thumbprints of {ARN}"));
    std::fs::write(&path, value.to_string().replace("\"pending\"", "\"done\"")).unwrap();
    assert!(refusal(&path, &home).contains("edited or damaged"));
}

#[test]
fn what_was_approved_is_what_is_done() {
    let dir = tempfile::tempdir().unwrap();
    let (path, home) = (dir.path().join("r.json"), home(&dir));
    begun(&path, &home).unwrap();
    let shown = Journal::open(&path, &home).unwrap();
    let here = shown.place.clone();
    std::fs::remove_file(&path).unwrap();
    let action = Action::SetTrustPolicy { role: "r".into(), document: "{}".into() };
    let plan = Plan {
        version: 1,
        made: 7,
        cures: "TW007".into(),
        steps: vec![step(action, "{}")],
        notes: Vec::new(),
        withheld: Vec::new(),
    };
    let target = Target::Log { name: "-".into() };
    Journal::begin(path, &plan, target, here.clone(), home, Vec::new()).unwrap();
    assert!(matches!(shown.take(&here), Err(ApplyError::Replaced { .. })));
}

proptest! {
    #[test]
    fn one_byte_changed_anywhere_and_it_is_not_the_users_any_more(at in 0_usize..10_000, to in any::<u8>()) {
        let dir = tempfile::tempdir().unwrap();
        let (path, home) = (dir.path().join("r.json"), home(&dir));
        begun(&path, &home).unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        let at = at % bytes.len();
        prop_assume!(bytes[at] != to);
        bytes[at] = to;
        std::fs::write(&path, &bytes).unwrap();
        let authentic = Journal::open(&path, &home).is_ok_and(|j| j.foreign().is_none());
        prop_assert!(!authentic, "byte {at} may be {to}");
    }
}
