//! What is waited for at this moment, for whoever watches: a person at a terminal, or one who has just ended the run.
//!
//! There is one list for the process, as there is one terminal.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// What was begun and has not ended, in the order in which it was begun.
static PENDING: Mutex<Vec<(u64, String)>> = Mutex::new(Vec::new());
static NEXT: AtomicU64 = AtomicU64::new(0);

/// Something that is waited for, until it is dropped.
#[derive(Debug)]
#[must_use = "the wait ends when this is dropped"]
pub struct Waiting(u64);

/// From now on this is waited for. The words follow "waiting for"; no secret is in them.
pub fn begin(what: impl Into<String>) -> Waiting {
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    PENDING.lock().unwrap_or_else(PoisonError::into_inner).push((number, what.into()));
    Waiting(number)
}

impl Drop for Waiting {
    fn drop(&mut self) {
        PENDING.lock().unwrap_or_else(PoisonError::into_inner).retain(|(number, _)| *number != self.0);
    }
}

/// What is waited for now, the longest wait first.
pub fn pending() -> Vec<String> {
    PENDING.lock().unwrap_or_else(PoisonError::into_inner).iter().map(|(_, what)| what.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_ended_is_not_waited_for() {
        let one = begin("the API server (tests)");
        let other = begin("the issuer (tests)");
        assert!(pending().contains(&"the API server (tests)".to_owned()));
        drop(one);
        let left = pending();
        assert!(
            left.contains(&"the issuer (tests)".to_owned()) && !left.contains(&"the API server (tests)".to_owned())
        );
        drop(other);
    }
}
