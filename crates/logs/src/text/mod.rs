//! From raw bytes of a log to plain redacted text, a time and the values named in it.

pub(crate) mod extract;
pub(crate) mod line;
pub(crate) mod normal;
pub(crate) mod stamp;
