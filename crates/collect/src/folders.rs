//! The files of a folder and of those in it, to a depth and a number, links not followed.

use std::path::{Path, PathBuf};

use crate::error::CollectError;

/// Files whose names end in one of these, in the order of their names; and whether there were more than are taken. A
/// path that is no folder is itself, whatever its name.
///
/// # Errors
/// When a folder cannot be listed.
pub fn files_below(
    path: &Path,
    endings: &[&str],
    depth: usize,
    most: usize,
) -> Result<(Vec<PathBuf>, bool), CollectError> {
    let mut found = Vec::new();
    if !path.is_dir() {
        return Ok((vec![path.to_owned()], false));
    }
    let mut more = false;
    let mut folders = vec![(path.to_owned(), 0)];
    while let Some((folder, level)) = folders.pop() {
        let failed = |source| CollectError::Read { path: folder.clone(), source };
        let mut entries = Vec::new();
        for entry in std::fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            entries.push((entry.path(), entry.file_type().map_err(failed)?));
        }
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        for (path, kind) in entries {
            let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
            if kind.is_dir() && level < depth && !name.starts_with('.') {
                folders.push((path, level + 1));
            } else if kind.is_file() && endings.iter().any(|e| name.ends_with(e)) {
                if found.len() >= most {
                    more = true;
                } else {
                    found.push(path);
                }
            } else if kind.is_dir() && level >= depth {
                more = true;
            }
        }
    }
    found.sort();
    Ok((found, more))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_an_end_and_no_way_out() {
        let dir = tempfile::tempdir().unwrap();
        let put = |name: &str| {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, "{}").unwrap();
        };
        for name in ["b.json", "a/c.JSON", "a/d.txt", ".git/e.json", "a/b/c/f.json"] {
            put(name);
        }
        std::os::unix::fs::symlink("/", dir.path().join("root")).unwrap();
        let (found, more) = files_below(dir.path(), &[".json"], 1, 10).unwrap();
        let names: Vec<_> = found.iter().map(|p| p.strip_prefix(dir.path()).unwrap().to_str().unwrap()).collect();
        assert_eq!((names.as_slice(), more), (["a/c.JSON", "b.json"].as_slice(), true));
        assert!(files_below(dir.path(), &[".json"], 8, 1).unwrap().1);
        let one = dir.path().join("a/d.txt");
        assert_eq!(files_below(&one, &[".json"], 8, 10).unwrap(), (vec![one], false));
    }
}
