//! Why a log could not be read.

/// A failure to read a log. What a log says is never an error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScanError {
    /// The file could not be opened, measured or read.
    #[error("reading `{path}`: {source}")]
    Read {
        /// The file.
        path: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A reading thread ended without a result.
    #[error("a reading thread of `{path}` ended early")]
    Thread {
        /// The file.
        path: String,
    },
}
