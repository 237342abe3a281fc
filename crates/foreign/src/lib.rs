//! What is done with text that came from elsewhere, before it is kept, shown or made part of a command.
//!
//! Names, claims, branches, annotations, log lines, error bodies: all of it may have been written by somebody who
//! wants something. [`redact()`] takes secrets out of what is kept, [`visible`] makes what is shown harmless and
//! tells what cannot be seen, [`shell`] and [`snippet`] quote what a person will paste, [`address`] tells what a
//! person may be told to ask, and [`path`] keeps the paths of a checkout in it. Everything else in the house goes
//! through these, so that each question has one answer.
//!
//! Deliberately absent: IO, and any judgement of what the text means.

pub mod address;
pub mod path;
mod reading;
mod redact;
pub mod shell;
pub mod snippet;
mod template;
pub mod visible;

pub use reading::is_reading;
pub use redact::redact;
