//! What one run was asked for, and where the peers are.

use std::path::PathBuf;

use anyhow::Result;

/// Arguments of a run.
#[derive(Debug)]
pub(crate) struct Settings {
    /// Agreement only, at small sizes.
    pub(crate) quick: bool,
    /// The trustwalk binary.
    pub(crate) trustwalk: PathBuf,
    /// Where installed peers are: `py` (a Python environment) and `node_modules`.
    pub(crate) peers: PathBuf,
    /// The folder with the peers' scripts.
    pub(crate) scripts: PathBuf,
    /// For generated data; removed at the end.
    pub(crate) scratch: tempfile::TempDir,
}

impl Settings {
    /// `full` in a full run, `quick` in a quick one.
    pub(crate) fn size(&self, quick: usize, full: usize) -> usize {
        if self.quick { quick } else { full }
    }

    /// A file in the scratch folder.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    /// A command on the path.
    pub(crate) fn command(name: &str) -> Option<PathBuf> {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path).map(|d| d.join(name)).find(|p| p.is_file())
    }

    /// A command of the peers' Python environment.
    pub(crate) fn python(&self, name: &str) -> Option<PathBuf> {
        Some(self.peers.join("py/bin").join(name)).filter(|p| p.is_file())
    }

    /// A command of the environments of checkers.
    pub(crate) fn checker(&self, name: &str) -> Option<PathBuf> {
        ["checkers", "checkov"].iter().map(|of| self.peers.join(of).join("bin").join(name)).find(|p| p.is_file())
    }

    /// Node, if it is there and has this package.
    pub(crate) fn node(&self, package: &str) -> Option<PathBuf> {
        self.peers.join("node_modules").join(package).is_dir().then(|| Self::command("node")).flatten()
    }

    /// A script copied beside the installed packages, where node looks for them.
    pub(crate) fn script(&self, name: &str) -> Result<PathBuf> {
        let to = self.peers.join(name);
        std::fs::copy(self.scripts.join(name), &to)?;
        Ok(to)
    }
}
