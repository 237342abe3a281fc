//! A container from inside: what commands in it know, and what they give back.

use std::{cell::Cell, sync::Arc};

use jiff::Timestamp;
use trustwalk_lab_cluster::ExecResult;

use super::pod::{Container, Pod};
use crate::agent::FileError;

/// Exit code of a shell that does not know a command.
const NOT_FOUND: i32 = 127;

/// A container to run commands in.
pub(super) struct Shell<'a> {
    pub(super) pod: &'a Arc<Pod>,
    pub(super) container: &'a Container,
    pub(super) now: Timestamp,
    /// Whether it runs the container's own program, and whether that is one without an end.
    pub(super) program: Option<bool>,
    /// Whether the program goes on running after what was done so far.
    pub(super) stays: Cell<bool>,
}

impl<'a> Shell<'a> {
    /// A shell as `kubectl exec` opens one.
    pub(super) fn new(pod: &'a Arc<Pod>, container: &'a Container) -> Self {
        Self { pod, container, now: pod.settings().now(), program: None, stays: Cell::new(false) }
    }

    /// What becomes of a command that the lab does not know.
    pub(super) fn unknown(&self, name: &str) -> ExecResult {
        match self.program {
            Some(forever) => {
                self.stays.set(forever);
                ExecResult::default()
            }
            None => failed(&format!("exec: \"{name}\": executable file not found in $PATH\n"), NOT_FOUND),
        }
    }
}

/// A failed command.
pub(super) fn failed(why: &str, code: i32) -> ExecResult {
    ExecResult { stderr: why.as_bytes().to_vec(), code, ..ExecResult::default() }
}

/// What a command prints.
pub(super) fn printed(text: impl Into<Vec<u8>>) -> ExecResult {
    ExecResult { stdout: text.into(), ..ExecResult::default() }
}

/// Why a file cannot be read, in the C library's words.
pub(super) fn reason(error: FileError) -> &'static str {
    match error {
        FileError::NotFound => "No such file or directory",
        FileError::Denied => "Permission denied",
    }
}
