//! Time of the account and the issuers: the machine's, or some way before it while
//! something is made that has to be old. Nodes and cluster always have the machine's.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use jiff::{SignedDuration, Timestamp};
use trustwalk_lab_cluster::Clock;

/// A clock that can be set back and forth. Cloning shares it.
#[derive(Clone, Default)]
pub struct LabClock(Arc<AtomicI64>);

impl fmt::Debug for LabClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LabClock({} s)", self.0.load(Ordering::Relaxed))
    }
}

impl LabClock {
    /// Now, as the lab sees it; the machine's time if the offset leaves the calendar.
    pub fn now(&self) -> Timestamp {
        let real = Timestamp::now();
        let offset = SignedDuration::from_secs(self.0.load(Ordering::Relaxed));
        real.checked_add(offset).unwrap_or(real)
    }

    /// Sets how many seconds the lab is ahead of the machine; negative is behind.
    pub fn set_offset(&self, seconds: i64) {
        self.0.store(seconds, Ordering::Relaxed);
    }

    /// The same as the parts of the lab take it.
    pub fn shared(&self) -> Clock {
        let clock = self.clone();
        Arc::new(move || clock.now())
    }
}
