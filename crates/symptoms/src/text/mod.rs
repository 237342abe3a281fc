//! From raw bytes of a log to plain redacted text, a time and the values named in it.

pub(crate) mod action;
pub(crate) mod endpoint;
pub(crate) mod excerpt;
pub(crate) mod extract;
pub(crate) mod frames;
mod gist;
pub mod line;
pub(crate) mod normal;
mod stamp;
pub(crate) mod times;

pub use gist::gist;
pub use stamp::Stamp;

/// When an event was written, by its own words or by those of the runtime that kept it.
pub fn written(event: &str) -> Option<Stamp> {
    normal::normalise(event).ts
}
