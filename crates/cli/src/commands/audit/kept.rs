//! The folder in which an audit of many accounts keeps what each answered, so that one cut short goes on where it was.
//!
//! A file of an account is there in whole or not at all, and holds IAM's answers: `trustwalk audit FOLDER` reads it
//! too.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use trustwalk_audit::{Inventory, Reader, limits};

/// What a file's first line says.
const SCHEMA: u32 = 1;
/// What a file is called while it is written (`write_own`).
const UNFINISHED: &str = ".new";

/// The folder, ours while this lives.
pub(super) struct Kept {
    folder: PathBuf,
    /// Held until the end: two runs would take each other's unfinished files away.
    _lock: File,
}

#[derive(Deserialize)]
struct Head {
    trustwalk_audit: u32,
    account: String,
    read: Timestamp,
}

impl Kept {
    /// Opens the folder, or makes it.
    pub(super) fn open(folder: &Path) -> anyhow::Result<Self> {
        let failed = || format!("the state folder `{}` cannot be used", folder.display());
        std::fs::create_dir_all(folder).with_context(failed)?;
        let lock = File::create(folder.join("lock")).with_context(failed)?;
        if lock.try_lock().is_err() {
            bail!("another run uses the state folder `{}`; wait for its end, or name another", folder.display());
        }
        for entry in std::fs::read_dir(folder).with_context(failed)? {
            let path = entry.with_context(failed)?.path();
            // What a run that was ended left half-written.
            if path.file_name().is_some_and(|n| n.to_string_lossy().ends_with(UNFINISHED)) {
                std::fs::remove_file(&path).with_context(failed)?;
            }
        }
        Ok(Self { folder: folder.to_owned(), _lock: lock })
    }

    fn path(&self, account: &str) -> PathBuf {
        self.folder.join([account, ".json"].concat())
    }

    /// What an account answered, and when it was asked; nothing where that is not there or no whole answer.
    pub(super) fn inventory(&self, account: &str) -> Option<(Inventory, Timestamp)> {
        let bytes = trustwalk_collect::read_up_to(&self.path(account), limits::FILE_BYTES).ok()?;
        let text = String::from_utf8(bytes).ok().filter(|t| t.ends_with('\n'))?;
        let (head, answers) = text.split_once('\n')?;
        let head: Head = serde_json::from_str(head).ok()?;
        (head.trustwalk_audit == SCHEMA && head.account == account).then_some(())?;
        Some((read(account, answers)?, head.read))
    }

    /// Keeps what an account answered.
    pub(super) fn keep(&self, account: &str, read: Timestamp, answers: &str) -> anyhow::Result<()> {
        let head = json!({"trustwalk_audit": SCHEMA, "account": account, "read": read});
        let text = format!("{head}\n{answers}");
        Ok(trustwalk_collect::write_own(&self.path(account), true, text.as_bytes())?)
    }
}

/// Answers as they are kept.
pub(super) fn written(lines: &[Value]) -> String {
    lines.iter().flat_map(|line| [line.to_string(), "\n".to_owned()]).collect()
}

/// An account's answers as an inventory, which stands in no file; nothing where they are not that account's in whole.
pub(super) fn read(account: &str, answers: &str) -> Option<Inventory> {
    answers.lines().all(|line| serde_json::from_str::<IgnoredAny>(line).is_ok()).then_some(())?;
    let mut reader = Reader::new();
    reader.read(account, answers);
    let mut inventory = reader.finish();
    let strange = |of: Option<&str>| of != Some(account);
    if inventory.roles.iter().any(|r| strange(r.account.as_deref()))
        || inventory.providers.values().any(|p| strange(Some(&p.account)))
    {
        return None;
    }
    inventory.whole.insert(account.to_owned());
    inventory.listed.insert(account.to_owned());
    inventory.forget_places();
    Some(inventory)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWERS: &str = r#"{"RoleDetailList":[{"RoleName":"r","Arn":"arn:aws:iam::111122223333:role/r",
        "AssumeRolePolicyDocument":"{\"Version\":\"2012-10-17\",\"Statement\":[]}"}],"IsTruncated":false}"#;

    #[test]
    fn an_answer_is_kept_in_whole_and_for_its_account_alone() {
        let dir = tempfile::tempdir().unwrap();
        let kept = Kept::open(dir.path()).unwrap();
        let answers = [&ANSWERS.replace('\n', " "), "\n"].concat();
        let at = Timestamp::from_second(1_790_000_000).unwrap();
        kept.keep("111122223333", at, &answers).unwrap();
        let (inventory, read) = kept.inventory("111122223333").unwrap();
        assert_eq!((inventory.roles.len(), inventory.unread.len(), read), (1, 0, at));
        assert!(inventory.whole.contains("111122223333") && inventory.roles[0].place.is_none());
        assert!(kept.inventory("444455556666").is_none());
        // Another account's answer, a half one, and none.
        let path = dir.path().join("111122223333.json");
        let whole = std::fs::read_to_string(&path).unwrap();
        std::fs::write(dir.path().join("444455556666.json"), &whole).unwrap();
        assert!(kept.inventory("444455556666").is_none());
        std::fs::write(dir.path().join("444455556666.json"), whole.replacen("111122223333", "444455556666", 1))
            .unwrap();
        assert!(kept.inventory("444455556666").is_none());
        for cut in [0, 20, whole.len() / 2, whole.len() - 1] {
            std::fs::write(&path, whole.as_bytes().get(..cut).unwrap()).unwrap();
            assert!(kept.inventory("111122223333").is_none(), "{cut}");
        }
    }

    #[test]
    fn a_folder_is_of_one_run_and_what_was_left_is_taken_away() {
        let dir = tempfile::tempdir().unwrap();
        let left = dir.path().join("111122223333.json.7.new");
        std::fs::write(&left, "{").unwrap();
        let first = Kept::open(dir.path()).unwrap();
        assert!(!left.exists());
        assert!(Kept::open(dir.path()).err().unwrap().to_string().contains("another run"));
        drop(first);
        Kept::open(dir.path()).unwrap();
    }
}
