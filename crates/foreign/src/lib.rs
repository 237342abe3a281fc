//! What is done with text that came from elsewhere, before it is kept, shown or made part of a command.
//!
//! Names, claims, branches, annotations, log lines, error bodies: all of it may have been written by somebody who
//! wants something. [`redact()`] takes secrets out of what is kept, [`visible`] makes what is shown harmless and
//! tells what cannot be seen, [`shell`] quotes what a person will paste. Everything else in the house goes
//! through these three, so that each question has one answer.
//!
//! Deliberately absent: IO, and any judgement of what the text means.

mod redact;
pub mod shell;
pub mod visible;

pub use redact::redact;
