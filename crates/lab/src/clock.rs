//! The lab's time: the machine's, moved by whoever asked for it. Accounts and issuers can be some way behind the rest
//! for a moment, while something is made that has to be old.

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
pub struct LabClock(Arc<Offsets>);

/// Seconds before (or, negative, behind) the machine.
#[derive(Default)]
struct Offsets {
    moved: AtomicI64,
    lag: AtomicI64,
}

impl fmt::Debug for LabClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LabClock({} s)", self.moved())
    }
}

/// The machine's time so many seconds later; its own if that leaves the calendar.
fn later(seconds: i64) -> Timestamp {
    let real = Timestamp::now();
    real.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(real)
}

impl LabClock {
    /// Now, as account and issuers see it.
    pub fn now(&self) -> Timestamp {
        later(self.moved().saturating_add(self.0.lag.load(Ordering::Relaxed)))
    }

    /// Now, as cluster and nodes see it.
    pub fn outside(&self) -> Timestamp {
        later(self.moved())
    }

    /// How many seconds the lab is ahead of the machine; negative is behind.
    pub fn moved(&self) -> i64 {
        self.0.moved.load(Ordering::Relaxed)
    }

    /// Moves the whole lab.
    pub(crate) fn set_moved(&self, seconds: i64) {
        self.0.moved.store(seconds, Ordering::Relaxed);
    }

    /// Sets how many seconds account and issuers are before the rest; negative is behind.
    pub(crate) fn set_lag(&self, seconds: i64) {
        self.0.lag.store(seconds, Ordering::Relaxed);
    }

    /// The same as account and issuers take it.
    pub fn shared(&self) -> Clock {
        let clock = self.clone();
        Arc::new(move || clock.now())
    }

    /// The same as cluster and nodes take it.
    pub fn shared_outside(&self) -> Clock {
        let clock = self.clone();
        Arc::new(move || clock.outside())
    }
}
