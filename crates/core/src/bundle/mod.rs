//! The document of a bundle: the evidence of a run, read without any of what gathers it.
//!
//! ```
//! use trustwalk_core::{bundle, diagnosis};
//!
//! let document = br#"{"version": 1, "tool": "trustwalk 0.1.0", "evidence": [
//!     {"target": {"kind": "issuer", "url": "https://issuer.example"}, "now": 1800000000}]}"#;
//! for evidence in bundle::parse(document)?.evidence() {
//!     let diagnosis = diagnosis::diagnose(&evidence);
//!     assert!(diagnosis.root_cause.is_none());
//! }
//! # Ok::<(), bundle::BundleError>(())
//! ```

mod older;

use std::fmt;

use serde::Deserialize;
use serde_json::value::RawValue;
use trustwalk_foreign::redact;

use crate::evidence::{Evidence, Settler, Tables};

/// The format that this version writes. A later one is refused, with both numbers named.
pub const VERSION: u32 = 3;
/// The oldest format that is read. Its evidence was gathered by looser rules, and is held to these when it is read.
const OLDEST: u64 = 1;
/// The first format in which what identities share stands once.
const SHARED: u64 = 3;

/// Objects in one bundle: 5,000 identities have some 300,000. One may take 500 bytes in memory, of which two in the
/// file suffice.
pub const MOST_OBJECTS: usize = 1 << 20;

/// Characters shown of the name of the tool that wrote a bundle.
const TOOL_CHARS: usize = 60;

/// A bundle that was read. What was read of an older format is as if this version had written it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Opened {
    /// The trustwalk that wrote it.
    pub tool: String,
    evidence: Vec<Evidence>,
}

impl Opened {
    /// The evidence of each identity.
    pub fn evidence(self) -> Vec<Evidence> {
        self.evidence
    }
}

/// What is wrong with a bundle, in words that repeat none of it but the name of the tool that wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleError(String);

impl fmt::Display for BundleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BundleError {}

impl From<serde_json::Error> for BundleError {
    fn from(error: serde_json::Error) -> Self {
        Self(place(&error))
    }
}

/// What is looked at before the rest, which a later format may have changed.
#[derive(Deserialize)]
struct Head {
    #[serde(default)]
    version: Option<u64>,
    #[serde(default)]
    tool: Option<String>,
}

/// What is read of a bundle after its head.
#[derive(Deserialize)]
struct Body<'a> {
    shared: Tables,
    #[serde(borrow)]
    identities: Vec<&'a RawValue>,
}

/// Reads a bundle's document.
pub fn parse(bytes: &[u8]) -> Result<Opened, BundleError> {
    let mut evidence = Vec::new();
    let tool = parse_each(bytes, &mut |one| evidence.push(one))?;
    Ok(Opened { tool, evidence })
}

/// The same, but gives the evidence of each identity away as it is read, so that that of many is never held at once:
/// some of it before something wrong is met. Tells which tool wrote it.
pub fn parse_each(bytes: &[u8], take: &mut dyn FnMut(Evidence)) -> Result<String, BundleError> {
    let head: Head = serde_json::from_slice(bytes)?;
    let version = head.version.ok_or_else(|| BundleError("it has no version".to_owned()))?;
    if !(OLDEST..=u64::from(VERSION)).contains(&version) {
        let written = head.tool.as_deref().unwrap_or("an unknown tool");
        let written: String = redact(written).chars().take(TOOL_CHARS).collect();
        return Err(BundleError(format!(
            "it has format {version}, written by {written}; this trustwalk reads formats {OLDEST} to {VERSION}: use \
             the \
             trustwalk that wrote it, or a newer one"
        )));
    }
    if objects(bytes) > MOST_OBJECTS {
        return Err(BundleError(format!("it has more than {MOST_OBJECTS} JSON objects")));
    }
    let tool = head.tool.ok_or_else(|| BundleError("it does not say which tool wrote it".to_owned()))?;
    let mut settler = Settler::default();
    if version < SHARED {
        older::evidence(bytes)?.into_iter().for_each(|one| take(settler.settle(one)));
        return Ok(tool);
    }
    let Body { shared, identities } = serde_json::from_slice(bytes)?;
    for (at, line) in identities.into_iter().enumerate() {
        let wrong = |e: serde_json::Error| BundleError(format!("identity {}: {}", at + 1, place(&e)));
        let one = shared.unpacked(line.get()).map_err(wrong)?;
        let one = one.ok_or_else(|| BundleError("an identity refers to what is not in it".to_owned()))?;
        take(settler.settle(one));
    }
    Ok(tool)
}

/// What is wrong with a JSON text and where, without a word of it: it may be another file than was meant.
pub fn place(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        serde_json::error::Category::Io => "it cannot be read",
        serde_json::error::Category::Syntax => "it is not JSON",
        serde_json::error::Category::Data => "a member is not what it should be",
        serde_json::error::Category::Eof => "it ends too early",
    };
    if error.line() == 0 {
        what.to_owned()
    } else {
        format!("{what} at line {}, column {}", error.line(), error.column())
    }
}

/// Objects in a document, counted before it is built up in memory: braces outside of texts.
fn objects(bytes: &[u8]) -> usize {
    let (mut count, mut inside, mut escaped) = (0_usize, false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = inside,
            b'"' => inside = !inside,
            b'{' if !inside => count += 1,
            _ => {}
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_within_texts_are_none() {
        assert_eq!(objects(br#"{"a{": "{\"{", "b": [{}, {"c": "\\"}]}"#), 3);
    }

    #[test]
    fn what_is_wrong_is_told_without_a_word_of_it() {
        let canary = ["canary", "feather"].join("-");
        for document in [
            canary.clone(),
            format!("{{\"version\": 2, \"tool\": \"t\", \"evidence\": \"{canary}\"}}"),
            format!(
                "{{\"version\": 3, \"tool\": \"t\", \"shared\": {{}}, \"identities\": [{{\"run\": \"{canary}\"}}]}}"
            ),
        ] {
            let error = parse(document.as_bytes()).unwrap_err().to_string();
            assert!(!error.contains(&canary), "{error}");
        }
        assert_eq!(parse(b"{}").unwrap_err().to_string(), "it has no version");
        let newer = parse(br#"{"version": 9, "tool": "trustwalk 9"}"#).unwrap_err().to_string();
        assert!(newer.contains("format 9, written by trustwalk 9") && newer.contains("1 to 3"), "{newer}");
    }
}
