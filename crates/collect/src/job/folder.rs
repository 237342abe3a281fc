//! The files of a checkout or of a job's folder. A link that leads out of it is not followed: whose checkout it is
//! does not say what of this machine is shown.

use std::path::{Path, PathBuf};

use trustwalk_ci::{FILE_BYTES, File, Files, WELL_KNOWN};

use crate::error::CollectError;
use crate::files::read_up_to;
use crate::limits::WORKFLOWS;

/// A folder, and paths in it with `/`.
pub(super) struct Folder {
    root: PathBuf,
}

impl Folder {
    /// The folder that a path stands for: itself; of a single file the checkout it lies in, else the folder above
    /// those that platforms keep their files in.
    pub(super) fn around(path: &Path) -> Self {
        if path.is_dir() {
            return Self { root: path.to_owned() };
        }
        let file = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let parent = file.parent().unwrap_or(Path::new("."));
        let hidden = |p: &&Path| p.file_name().is_some_and(|n| n.to_string_lossy().starts_with('.'));
        let checkout = parent.ancestors().find(|p| p.join(".git").exists());
        // `.github/workflows`, `.circleci`, `.buildkite`.
        let above = parent.ancestors().take(2).find(hidden).and_then(Path::parent);
        Self { root: checkout.or(above).unwrap_or(parent).to_owned() }
    }

    /// The path of a file in it.
    pub(super) fn path(&self, inside: &str) -> PathBuf {
        self.root.join(inside)
    }

    /// A file of the folder, if it is there.
    pub(super) fn own(&self, name: &str) -> Result<Option<PathBuf>, CollectError> {
        let file = self.root.join(name);
        if !file.exists() {
            return Ok(None);
        }
        let real =
            |path: &Path| path.canonicalize().map_err(|source| CollectError::Read { path: path.to_owned(), source });
        if real(&file)?.starts_with(real(&self.root)?) {
            return Ok(Some(file));
        }
        Err(CollectError::Format {
            path: file,
            what: "a file of the given folder",
            reason: "it is a link that leads out of it, which is not followed; give the file itself".to_owned(),
        })
    }

    fn read(&self, name: &str) -> Result<Option<File>, CollectError> {
        let Some(file) = self.own(name)? else { return Ok(None) };
        Ok(Some(File { path: name.to_owned(), text: bounded(&file)? }))
    }

    /// The CI files of what was given.
    pub(super) fn files(&self, given: &Path) -> Result<Vec<File>, CollectError> {
        if !given.is_dir() {
            let real = given.canonicalize().unwrap_or_else(|_| given.to_owned());
            let root = self.root.canonicalize().unwrap_or_else(|_| self.root.clone());
            let inside = real.strip_prefix(&root).unwrap_or(&real);
            return Ok(vec![File { path: slashed(inside), text: bounded(given)? }]);
        }
        if let Some(alone) = self.read("workflow.yml")? {
            return Ok(vec![alone]);
        }
        let mut all = Vec::new();
        for name in WELL_KNOWN {
            all.extend(self.read(name)?);
        }
        let yaml = ["yml", "yaml"];
        for name in self.listed(".github/workflows", &yaml)? {
            all.extend(self.read(&name)?);
        }
        all.extend(self.terraform()?);
        if all.is_empty() {
            for name in self.listed("", &yaml)? {
                all.extend(self.read(&name)?);
            }
        }
        Ok(all)
    }

    /// Terraform's files that speak of a workspace's credentials, as one: blocks stand in any of them.
    fn terraform(&self) -> Result<Option<File>, CollectError> {
        let mut whole: Option<File> = None;
        for name in self.listed("", &["tf", "tfvars"])? {
            let Some(file) = self.read(&name)? else { continue };
            match &mut whole {
                Some(whole) => {
                    whole.text.push(b'\n');
                    whole.text.extend(file.text);
                }
                None => whole = Some(file),
            }
        }
        Ok(whole.filter(|w| String::from_utf8_lossy(&w.text).contains("TFC_AWS_")))
    }

    /// Files of a folder with one of these endings, in the order of their names.
    fn listed(&self, folder: &str, endings: &[&str]) -> Result<Vec<String>, CollectError> {
        let place = self.root.join(folder);
        if !place.is_dir() {
            return Ok(Vec::new());
        }
        let entries = std::fs::read_dir(&place).map_err(|source| CollectError::Read { path: place.clone(), source })?;
        let ends = |p: &PathBuf| p.extension().is_some_and(|e| endings.iter().any(|ending| e == *ending));
        let mut files: Vec<PathBuf> = entries.filter_map(Result::ok).map(|e| e.path()).filter(ends).collect();
        files.sort();
        files.truncate(WORKFLOWS);
        Ok(files.iter().map(|file| slashed(file.strip_prefix(&self.root).unwrap_or(file))).collect())
    }
}

fn bounded(file: &Path) -> Result<Vec<u8>, CollectError> {
    read_up_to(file, u64::try_from(FILE_BYTES).unwrap_or(u64::MAX))
}

fn slashed(path: &Path) -> String {
    path.components().map(|c| c.as_os_str().to_string_lossy().into_owned()).collect::<Vec<_>>().join("/")
}

impl Files for Folder {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, String> {
        Self::read(self, path).map(|file| file.map(|f| f.text)).map_err(|e| e.to_string())
    }
}
