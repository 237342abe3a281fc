//! A file of a package, before it is packed.

/// A file or folder of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Where it stands in the package, with `/`, without a leading one; a folder's ends with `/`.
    pub(crate) path: String,
    /// What is in it; of a link, nothing.
    pub(crate) bytes: Vec<u8>,
    /// Its permission bits.
    pub(crate) mode: u32,
    /// The number of the user and of the group that own it.
    pub(crate) owner: u32,
    /// Where it leads, if it is a link.
    pub(crate) leads: Option<String>,
}

impl Entry {
    /// A file that everybody reads.
    pub(crate) fn file(path: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self { path: path.into(), bytes: bytes.into(), mode: 0o644, owner: 0, leads: None }
    }

    /// A program.
    pub(crate) fn program(path: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self { mode: 0o755, ..Self::file(path, bytes) }
    }

    /// A folder.
    pub(crate) fn folder(path: &str, mode: u32, owner: u32) -> Self {
        Self { mode, owner, ..Self::file(format!("{path}/"), Vec::new()) }
    }

    /// Another name of what lies beside it.
    pub(crate) fn link(path: impl Into<String>, leads: &str) -> Self {
        Self { mode: 0o777, leads: Some(leads.to_owned()), ..Self::file(path, Vec::new()) }
    }

    /// Whether it is a folder.
    pub(crate) fn is_folder(&self) -> bool {
        self.path.ends_with('/')
    }
}
