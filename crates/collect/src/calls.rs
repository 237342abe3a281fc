//! Every call that was made: to whom, what came back, and how long it took. For people who ask why a walk is slow or
//! what it did; nothing is decided by it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Calls kept of one run: a walk makes some thirty, one over a large cluster tens of thousands.
const MOST: usize = 20_000;

/// One call, each attempt by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Who was asked for what, such as `iam:GetRole` or `GET /api/v1/namespaces/shop/pods`; no values that may be
    /// secrets.
    pub what: String,
    /// HTTP status; `None` where no answer came.
    pub status: Option<u16>,
    /// From the request to the whole answer.
    pub took: Duration,
    /// From the beginning of the run to the request.
    pub after: Duration,
}

/// The calls of a run.
#[derive(Debug, Clone)]
pub struct Calls {
    began: Instant,
    made: Arc<Mutex<Vec<Call>>>,
}

impl Default for Calls {
    fn default() -> Self {
        Self { began: Instant::now(), made: Arc::default() }
    }
}

impl Calls {
    /// Notes a call that began then and is over now.
    pub(crate) fn note(&self, what: impl Into<String>, status: Option<u16>, began: Instant) {
        let call = Call {
            what: what.into(),
            status,
            took: began.elapsed(),
            after: began.saturating_duration_since(self.began),
        };
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if made.len() < MOST {
            made.push(call);
        }
    }

    /// All of them, in the order in which they began.
    pub fn all(&self) -> Vec<Call> {
        let mut all = self.made.lock().unwrap_or_else(PoisonError::into_inner).clone();
        all.sort_by_key(|call| call.after);
        all
    }
}
