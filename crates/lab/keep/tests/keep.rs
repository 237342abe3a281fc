//! What was kept is there again, wherever the writer ended, and what is not a whole state is refused in words.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]
#![expect(clippy::indexing_slicing, reason = "helpers of tests fail by panicking, as tests do")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use proptest::prelude::*;
use trustwalk_lab_keep::{Batch, Journal, KeepError, Restored};

const LOCK: &[&str] = &["lock"];

type Tables = BTreeMap<String, BTreeMap<String, String>>;

fn open(dir: &Path) -> Result<(Journal, Restored), KeepError> {
    Journal::open(dir, LOCK, "lab-1")
}

fn tables(mut restored: Restored) -> Tables {
    let names = ["a", "b"];
    let all = names.map(|name| (name.to_owned(), restored.take::<String>(name).unwrap()));
    all.into_iter().filter(|(_, entries)| !entries.is_empty()).collect()
}

fn batch(changes: &[(String, String, Option<String>)]) -> Batch {
    let mut batch = Batch::default();
    for (table, key, value) in changes {
        match value {
            Some(value) => batch.put(table, key, value),
            None => batch.remove(table, key),
        }
    }
    batch
}

fn apply(tables: &mut Tables, changes: &[(String, String, Option<String>)]) {
    for (table, key, value) in changes {
        let entries = tables.entry(table.clone()).or_default();
        match value {
            Some(value) => drop(entries.insert(key.clone(), value.clone())),
            None => drop(entries.remove(key)),
        }
    }
    tables.retain(|_, entries| !entries.is_empty());
}

fn write(journal: &Journal, tables: &Tables) {
    let told = journal.snapshot(|snapshot| {
        for (table, entries) in tables {
            for (key, value) in entries {
                snapshot.put(table, key, value);
            }
        }
    });
    told.unwrap();
}

fn one(table: &str, key: &str, value: Option<&str>) -> Vec<(String, String, Option<String>)> {
    vec![(table.to_owned(), key.to_owned(), value.map(str::to_owned))]
}

/// The file of a kind with the highest number.
fn newest(dir: &Path, kind: &str) -> PathBuf {
    let all = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    all.filter(|path| path.extension().is_some_and(|e| e == kind)).max().unwrap()
}

fn copy(from: &Path) -> tempfile::TempDir {
    let to = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, to.path().join(path.file_name().unwrap())).unwrap();
    }
    to
}

fn change() -> impl Strategy<Value = (String, String, Option<String>)> {
    ("[ab]", "[a-d]", proptest::option::weighted(0.7, "\\PC{0,12}"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4, failure_persistence: None, ..ProptestConfig::default() })]

    /// The writer may end at any byte of its last file: what is read is every whole change before it, and none after.
    #[test]
    fn whatever_was_written_whole_is_there(
        before in proptest::collection::vec(proptest::collection::vec(change(), 1..4), 0..4),
        after in proptest::collection::vec(proptest::collection::vec(change(), 1..3), 1..4),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let (journal, _) = open(dir.path()).unwrap();
        let mut now = Tables::new();
        for changes in &before {
            journal.keep(batch(changes));
            apply(&mut now, changes);
        }
        write(&journal, &now);
        let file = newest(dir.path(), "journal");
        // The states in their order, with the length of the file at which each is there.
        let mut states = vec![(fs::metadata(&file).unwrap().len(), now.clone())];
        for changes in &after {
            journal.keep(batch(changes));
            apply(&mut now, changes);
            states.push((fs::metadata(&file).unwrap().len(), now.clone()));
        }
        drop(journal);
        let (first, last) = (states[0].0, states[states.len() - 1].0);
        for length in first..=last {
            let torn = copy(dir.path());
            let end = fs::OpenOptions::new().write(true).open(torn.path().join(file.file_name().unwrap())).unwrap();
            end.set_len(length).unwrap();
            let want = &states.iter().rfind(|(at, _)| *at <= length).unwrap().1;
            let (again, restored) = open(torn.path()).unwrap();
            prop_assert_eq!(&tables(restored), want);
            // And it goes on from there, though it is killed again before its first snapshot.
            again.keep(batch(&one("a", "new", Some("x"))));
            let mut more = want.clone();
            apply(&mut more, &one("a", "new", Some("x")));
            drop(again);
            prop_assert_eq!(&tables(open(torn.path()).unwrap().1), &more);
        }
    }
}

#[test]
fn a_lab_that_never_came_up_has_left_nothing() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("lock"), "").unwrap();
    let (journal, restored) = open(dir.path()).unwrap();
    assert!(!restored.is_there());
    journal.keep(batch(&one("a", "b", Some("c"))));
    drop(journal);
    let (journal, restored) = open(dir.path()).unwrap();
    assert!(!restored.is_there() && tables(restored).is_empty());
    write(&journal, &Tables::new());
    journal.keep(batch(&one("a", "b", Some("c"))));
    assert_eq!(journal.failure(), None);
    drop(journal);
    assert!(open(dir.path()).unwrap().1.is_there());
}

#[test]
fn a_snapshot_that_was_being_made_counts_for_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (journal, _) = open(dir.path()).unwrap();
    write(&journal, &Tables::new());
    journal.keep(batch(&one("a", "b", Some("c"))));
    drop(journal);
    fs::write(dir.path().join("00000009.snapshot.new"), "half").unwrap();
    let mut want = Tables::new();
    apply(&mut want, &one("a", "b", Some("c")));
    assert_eq!(tables(open(dir.path()).unwrap().1), want);
    assert!(!dir.path().join("00000009.snapshot.new").exists());
}

#[test]
fn changes_beside_a_snapshot_are_kept_once_and_old_files_go() {
    let dir = tempfile::tempdir().unwrap();
    let (journal, _) = open(dir.path()).unwrap();
    journal
        .snapshot(|snapshot| {
            snapshot.put("a", "b", &"old");
            journal.keep(batch(&one("a", "b", Some("new"))));
            journal.keep(batch(&one("a", "gone", None)));
            snapshot.put("a", "other", &"x".repeat(400_000));
        })
        .unwrap();
    journal.sync();
    drop(journal);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
    let restored = tables(open(dir.path()).unwrap().1);
    assert_eq!(restored["a"]["b"], "new");
    assert_eq!(restored["a"]["other"].len(), 400_000);
}

/// A folder with a state in which three changes follow a snapshot.
fn kept() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let (journal, _) = open(dir.path()).unwrap();
    write(&journal, &Tables::new());
    for key in ["x", "y", "z"] {
        journal.keep(batch(&one("a", key, Some("value"))));
    }
    dir
}

fn flip(path: &Path, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at] ^= 0x40;
    fs::write(path, bytes).unwrap();
}

#[test]
fn what_is_not_a_whole_state_is_refused_in_words() {
    let refused = |dir: &tempfile::TempDir| open(dir.path()).unwrap_err().to_string();
    let whole = kept();

    let dir = copy(whole.path());
    fs::write(dir.path().join("thesis.odt"), "mine").unwrap();
    assert!(refused(&dir).contains("thesis.odt` is no file of a lab's state"), "{}", refused(&dir));

    let dir = copy(whole.path());
    let journal = newest(dir.path(), "journal");
    let text = fs::read(&journal).unwrap();
    fs::write(&journal, [b"trustwalk lab state, format 27\n", &text[30..]].concat()).unwrap();
    assert!(refused(&dir).contains("has another format (27)"), "{}", refused(&dir));

    let dir = copy(whole.path());
    fs::remove_file(newest(dir.path(), "snapshot")).unwrap();
    assert!(refused(&dir).contains("the snapshot that it goes on from is not there"), "{}", refused(&dir));

    let dir = copy(whole.path());
    let other = tempfile::tempdir().unwrap();
    let (journal, _) = Journal::open(other.path(), LOCK, "lab-2").unwrap();
    write(&journal, &Tables::new());
    fs::copy(newest(other.path(), "journal"), newest(dir.path(), "journal")).unwrap();
    assert!(refused(&dir).contains("is of another lab"), "{}", refused(&dir));
}

/// A byte that changed is found wherever it is: at the end it makes a change that was not finished, before it damage.
#[test]
fn no_changed_byte_goes_unseen() {
    let whole = kept();
    let journal = newest(whole.path(), "journal");
    let sound = tables(open(copy(whole.path()).path()).unwrap().1);
    let length = fs::read(&journal).unwrap().len();
    for at in 0..length {
        let dir = copy(whole.path());
        flip(&newest(dir.path(), "journal"), at);
        match open(dir.path()) {
            Ok((_, restored)) => {
                let seen = tables(restored);
                assert!(seen["a"].len() == 2 && seen["a"].iter().all(|(k, v)| sound["a"].get(k) == Some(v)), "{at}");
            }
            Err(KeepError::Damaged { .. } | KeepError::Version { .. }) => {}
            Err(other) => panic!("byte {at}: {other}"),
        }
    }
    let snapshot = newest(whole.path(), "snapshot");
    for at in 0..fs::read(&snapshot).unwrap().len() {
        let dir = copy(whole.path());
        flip(&newest(dir.path(), "snapshot"), at);
        assert!(open(dir.path()).is_err(), "byte {at} of the snapshot");
    }
}

#[test]
fn a_file_that_has_its_length_before_its_bytes_is_torn() {
    let dir = kept();
    let path = newest(dir.path(), "journal");
    let mut bytes = fs::read(&path).unwrap();
    bytes.extend([0; 5000]);
    fs::write(&path, bytes).unwrap();
    assert_eq!(tables(open(dir.path()).unwrap().1)["a"].len(), 3);
}
