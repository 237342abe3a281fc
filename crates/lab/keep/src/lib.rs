//! What outlives a lab: entries by table and key, in a journal that is written before anybody is answered and read
//! again at the next start, and in snapshots that keep the journal short.
//!
//! A write reaches the kernel before [`Journal::keep`] returns, so that it survives the process however it ends. It
//! reaches the disk within a second ([`Journal::sync`]), and at once when a snapshot is made or the lab ends well.

mod batch;
mod error;
mod files;
mod journal;
mod read;
mod record;

pub use batch::Batch;
pub use error::KeepError;
pub use journal::{Journal, Snapshot};
pub use read::Restored;
