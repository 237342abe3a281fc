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
        effect: Effect { words: told.words, changes: told.changes, blast_radius: reach(&action), past: None },
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
    Journal::begin(&plan, beginning(path, home))
}

fn beginning(path: &Path, home: &Home) -> Beginning {
    let place = Place { account: Some("111122223333".into()), endpoint: "http://a".into(), cluster: None };
    let (path, target, home) = (path.to_owned(), Target::Log { name: "-".into(), identity: None }, home.clone());
    Beginning { path, target, place, by: Hand::default(), home, locks: Vec::new() }
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
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
    let mut journal = begun(&path, &home(&dir).with_clock(|| NOW.load(Ordering::SeqCst))).unwrap();
    NOW.store(110, Ordering::SeqCst);
    journal.mark(0, StepState::Started, None).unwrap();
    NOW.store(120, Ordering::SeqCst);
    journal.mark(0, StepState::Done, None).unwrap();
    NOW.store(130, Ordering::SeqCst);
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
    let words = "é".repeat(usize::try_from(RECEIPT_BYTES).unwrap() / 256);
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
    assert!(matches!(begun(&nowhere, &home(&dir)), Err(ApplyError::NoJournal { .. })));
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
    std::fs::write(&path, text.replacen("\"version\": 3", "\"version\": 9", 1)).unwrap();
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
    let journal = Journal::open(&path, &mine).unwrap();
    assert_eq!(journal.foreign(), Some(Foreign::OtherKey));
    let here = journal.place.clone();
    let mut journal = journal.take(&here, Errand::Rollback, Hand::default()).unwrap();
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
    old.entries.clear();
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
    Journal::begin(&plan, beginning(&path, &home)).unwrap();
    let taken = shown.take(&here, Errand::Resume, Hand::default());
    assert!(matches!(taken, Err(ApplyError::Replaced { .. })));
}

#[test]
fn what_the_build_before_signed_is_the_users_and_has_a_history_from_then_on() {
    let dir = tempfile::tempdir().unwrap();
    let (path, home) = (dir.path().join("r.json"), home(&dir));
    let journal = begun(&path, &home).unwrap();
    let mut old = journal.receipt().clone();
    old.version = 2;
    old.entries.clear();
    (old.steps[0].state, old.steps[0].began, old.ended) = (StepState::Done, Some(9), Some(10));
    let covered = to_be_sealed(&old, &journal.place).unwrap();
    let code = hmac::sign(&home.key().unwrap(), &covered);
    let here = journal.place.clone();
    drop(journal);
    std::fs::write(&path, sealed(covered, code.as_ref())).unwrap();
    let read = Journal::open(&path, &home).unwrap();
    assert_eq!((read.foreign(), read.receipt().steps[0].state), (None, StepState::Done));
    read.take(&here, Errand::Rollback, Hand::default()).unwrap().mark(0, StepState::Undone, None).unwrap();
    let again = Journal::open(&path, &home).unwrap();
    assert_eq!((again.foreign(), again.receipt().version), (None, 3));
    assert!(matches!(again.receipt().entries[0].event, Event::Found { format: 2, .. }));
    assert_eq!(again.receipt().entries.len(), 3);
    // A format that says it has no history has none.
    std::fs::write(&path, text(&path).replacen("\"version\": 3", "\"version\": 2", 1)).unwrap();
    assert!(refusal(&path, &home).contains("has a history"));
}

/// A whole run, refused once, undone.
fn lived(path: &Path, home: &Home) {
    let mut journal = begun(path, home).unwrap();
    let states = [StepState::Started, StepState::Pending, StepState::Started, StepState::Done];
    for state in states.into_iter().chain([StepState::Undoing, StepState::Undone]) {
        journal.mark(0, state, (state == StepState::Pending).then(|| "refused".to_owned())).unwrap();
    }
    journal.end(Some("verified".into())).unwrap();
}

/// Signs a receipt anew, as somebody would who has the key, or any key.
fn resealed(value: &serde_json::Value, key: &hmac::Key) -> Vec<u8> {
    let mut value = value.clone();
    let place: Place = serde_json::from_value(value["place"].take()).unwrap();
    value.as_object_mut().unwrap().retain(|name, _| name != "place" && name != "mac");
    let covered = to_be_sealed(&serde_json::from_value(value).unwrap(), &place).unwrap();
    let code = hmac::sign(key, &covered);
    sealed(covered, code.as_ref())
}

#[test]
fn a_history_that_was_put_in_another_order_is_refused_even_with_the_users_own_seal() {
    let dir = tempfile::tempdir().unwrap();
    let (path, home) = (dir.path().join("r.json"), home(&dir));
    lived(&path, &home);
    let good: serde_json::Value = serde_json::from_str(&text(&path)).unwrap();
    let key = home.key().unwrap();
    std::fs::write(&path, resealed(&good, &key)).unwrap();
    assert_eq!(Journal::open(&path, &home).unwrap().foreign(), None, "the same again is the same");
    let entries = good["entries"].as_array().unwrap().clone();
    let mut forged = Vec::new();
    for index in 0..entries.len() {
        let mut dropped = entries.clone();
        dropped.remove(index);
        let mut doubled = entries.clone();
        doubled.insert(index, entries[index].clone());
        let mut dated = entries.clone();
        dated[index]["at"] = serde_json::json!(dated[index]["at"].as_i64().unwrap() + 1);
        forged.extend([dropped, doubled, dated, entries[..index].to_vec()]);
        for other in index + 1..entries.len() {
            let mut swapped = entries.clone();
            swapped.swap(index, other);
            forged.push(swapped);
        }
    }
    assert!(forged.len() > 50);
    for entries in forged {
        let mut value = good.clone();
        value["entries"] = entries.into();
        std::fs::write(&path, resealed(&value, &key)).unwrap();
        assert!(refusal(&path, &home).contains("history"), "{:#}", value["entries"]);
    }
    for (pointer, to) in [
        ("/steps/0/state", serde_json::json!("done")),
        ("/steps/0/note", serde_json::json!("x")),
        ("/verified", serde_json::json!("not at all")),
        ("/ended", serde_json::Value::Null),
        ("/began", serde_json::json!(1)),
        ("/cures", serde_json::json!("another-cause")),
        ("/place/endpoint", serde_json::json!("http://b")),
        ("/steps/0/step/applicability", serde_json::json!("manual")),
    ] {
        let mut value = good.clone();
        let (at, name) = pointer.rsplit_once('/').unwrap();
        value.pointer_mut(at).unwrap()[name] = to;
        std::fs::write(&path, resealed(&value, &key)).unwrap();
        assert!(refusal(&path, &home).contains("history"), "{pointer}");
    }
}

#[test]
fn no_byte_can_be_changed_or_cut_off() {
    let dir = tempfile::tempdir().unwrap();
    let (path, home) = (dir.path().join("r.json"), home(&dir));
    lived(&path, &home);
    let good = std::fs::read(&path).unwrap();
    let authentic = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        Journal::open(&path, &home).is_ok_and(|j| j.foreign().is_none())
    };
    for at in 0..good.len() {
        let (mut bytes, bit) = (good.clone(), 1 << (at % 8));
        bytes[at] ^= bit;
        assert!(!authentic(&bytes), "byte {at} may change by {bit:#x}");
        assert!(!authentic(&good[..at]), "it may end at {at}");
    }
    assert!(authentic(&good));
}

#[test]
fn a_run_under_way_is_as_well_guarded_as_one_that_ended() {
    let dir = tempfile::tempdir().unwrap();
    let (path, home) = (dir.path().join("r.json"), home(&dir));
    let mut journal = begun(&path, &home).unwrap();
    journal.mark(0, StepState::Started, None).unwrap();
    let good = std::fs::read(&path).unwrap();
    let text = good.iter().rposition(|b| *b != b' ').unwrap() + 1;
    assert!(good.len() > text + MARK_BYTES, "there is room");
    let copy = dir.path().join("copy.json");
    for at in [text, text + 1, good.len() - 1] {
        let mut bytes = good.clone();
        bytes[at] = b'x';
        std::fs::write(&copy, &bytes).unwrap();
        assert!(Journal::open(&copy, &home).is_err(), "something stands behind the seal");
    }
    std::fs::write(&copy, &good[..text]).unwrap();
    assert_eq!(Journal::open(&copy, &home).unwrap().foreign(), None, "the room is no part of it");
    drop(journal);
    assert_eq!(std::fs::read(&path).unwrap(), &good[..text], "and goes with the run");
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
