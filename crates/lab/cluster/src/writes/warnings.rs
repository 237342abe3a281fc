//! What a request is warned of while it is admitted (Kubernetes documentation, "Warning mechanism").

use std::sync::{Arc, Mutex, PoisonError};

/// Warnings of one request at most; a policy over many objects could tell without end.
const MOST: usize = 64;

/// Warnings of one request, each told once however often the write is tried.
#[derive(Debug, Clone, Default)]
pub(crate) struct Warnings(Arc<Mutex<Vec<String>>>);

impl Warnings {
    pub(crate) fn tell(&self, text: String) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() < MOST && !all.contains(&text) {
            all.push(text);
        }
    }

    pub(crate) fn all(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
