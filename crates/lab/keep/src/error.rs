//! Why a state is not kept, or not read.

use std::{io, path::Path};

/// A failure to keep a state or to read one.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// A file cannot be read or written.
    #[error("cannot {what}: {source}")]
    Io {
        /// What was being done.
        what: String,
        /// Why it failed.
        source: io::Error,
    },
    /// The folder holds something else.
    #[error("`{path}` is no file of a lab's state; name a folder of its own with `--state`")]
    Foreign {
        /// The file.
        path: String,
    },
    /// Another version of the program has written it.
    #[error(
        "`{path}` has another format ({found}) than this version of trustwalk reads ({ours}); start the lab with the \
         version that wrote it, or name another folder with `--state`"
    )]
    Version {
        /// The file.
        path: String,
        /// What it says.
        found: String,
        /// What is read.
        ours: &'static str,
    },
    /// Files of two labs are in the folder.
    #[error(
        "`{path}` is of another lab than the rest of its folder; put the files of one lab back, or name another \
         folder with `--state`"
    )]
    OtherLab {
        /// The file.
        path: String,
    },
    /// What was written is not what is there.
    #[error("`{path}` is damaged: {why}; put a copy of the whole folder back, or name another folder with `--state`")]
    Damaged {
        /// The file.
        path: String,
        /// What is wrong.
        why: String,
    },
}

impl KeepError {
    pub(crate) fn io(what: &str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let what = format!("{what} `{}`", path.display());
        move |source| Self::Io { what, source }
    }

    pub(crate) fn damaged(path: &Path, why: impl Into<String>) -> Self {
        Self::Damaged { path: path.display().to_string(), why: why.into() }
    }
}
