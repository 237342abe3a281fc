//! Changes that are kept together or not at all.

use serde::Serialize;

/// Changes of entries, in their order.
#[derive(Debug, Default)]
pub struct Batch {
    /// A JSON array without its end: `[table, key, value]` for each change, `null` as the value of what is gone.
    json: Vec<u8>,
    /// Why a value has no JSON.
    failed: Option<String>,
}

impl Batch {
    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.json.is_empty() && self.failed.is_none()
    }

    /// An entry comes to be, or has another value now.
    pub fn put(&mut self, table: &str, key: &str, value: &impl Serialize) {
        self.push(table, key, Some(value));
    }

    /// An entry is gone.
    pub fn remove(&mut self, table: &str, key: &str) {
        self.push(table, key, None::<&()>);
    }

    fn push(&mut self, table: &str, key: &str, value: Option<&impl Serialize>) {
        let before = self.json.len();
        self.json.push(if before == 0 { b'[' } else { b',' });
        if let Err(error) = serde_json::to_writer(&mut self.json, &(table, key, value)) {
            self.json.truncate(before);
            self.failed = Some(format!("{table}/{key}: {error}"));
        }
    }

    /// Bytes so far.
    pub(crate) fn len(&self) -> usize {
        self.json.len()
    }

    /// The whole as JSON.
    pub(crate) fn finish(mut self) -> Result<Vec<u8>, String> {
        if let Some(why) = self.failed {
            return Err(why);
        }
        if self.json.is_empty() {
            self.json.push(b'[');
        }
        self.json.push(b']');
        Ok(self.json)
    }
}
