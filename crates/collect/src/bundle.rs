//! A bundle: all evidence of a run in one versioned file. It holds no token, key or credential,
//! because evidence has no place for one.

use std::path::Path;

use serde::{Deserialize, Serialize};
use trustwalk_core::evidence::Evidence;
use trustwalk_foreign::visible;

use crate::error::CollectError;
use crate::files::{read_bounded, replace_private, write_new_private};

/// The format this build writes. A bundle of a later format is refused, with both numbers named.
pub const BUNDLE_VERSION: u32 = 1;

/// Evidence as it is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bundle {
    /// Format version.
    pub version: u32,
    /// The trustwalk that wrote it.
    pub tool: String,
    /// One entry per identity.
    pub evidence: Vec<Evidence>,
}

impl Bundle {
    /// A bundle of this build.
    pub fn new(evidence: Vec<Evidence>) -> Self {
        Self { version: BUNDLE_VERSION, tool: concat!("trustwalk ", env!("CARGO_PKG_VERSION")).to_owned(), evidence }
    }

    /// Reads a bundle file.
    pub fn read(path: &Path) -> Result<Self, CollectError> {
        let bytes = read_bounded(path)?;
        let bad = |reason: String| CollectError::Format { path: path.to_owned(), what: "a trustwalk bundle", reason };
        let value: serde_json::Value = serde_json::from_slice(&bytes).map_err(|e| bad(e.to_string()))?;
        // The version is looked at before the rest, which a later format may have changed.
        let version = value
            .get("version")
            .and_then(serde_json::Value::as_u64)
            .ok_or_else(|| bad("it has no version".to_owned()))?;
        if version != u64::from(BUNDLE_VERSION) {
            let written = value.get("tool").and_then(serde_json::Value::as_str).unwrap_or("an unknown tool");
            return Err(bad(format!(
                "it has format {version}, written by {written}; this trustwalk reads format {BUNDLE_VERSION}: use the trustwalk that wrote it, or a newer one"
            )));
        }
        serde_json::from_value(value).map_err(|e| bad(e.to_string()))
    }

    /// Writes a bundle file, readable by its owner alone. What is there already is replaced only when that is asked for.
    pub fn write(&self, path: &Path, overwrite: bool) -> Result<(), CollectError> {
        let fail = |source| CollectError::Write { path: path.to_owned(), source };
        let text = serde_json::to_string_pretty(self).map_err(|e| fail(e.into()))?;
        let text = visible::json(&text);
        let bytes = text.as_bytes();
        if overwrite { replace_private(path, bytes) } else { write_new_private(path, bytes) }
    }
}
