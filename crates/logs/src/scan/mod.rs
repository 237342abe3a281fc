//! Streams of any size in bounded memory: splitting into events, counting by cause, reading.

mod files;
mod memory;
mod neighbours;
mod scanner;
mod stamped;
mod summary;
mod trail;
mod wide;

pub use files::{CHUNK_BYTES, scan_files, scan_reader};
pub use neighbours::{MAX_SUCCESSES, Moment, Neighbours, SeenSuccess, Starts};
pub use scanner::{MAX_EVENT_BYTES, MAX_LINE_BYTES, Scanner};
pub use stamped::LONGEST_STAMP;
pub use summary::{
    Cause, MAX_CAUSES, MAX_MENTIONS, MAX_REQUEST_IDS, MAX_TRAIL, MAX_UNCLEAR, Mentioned, Summary, Unclear, same_failure,
};
