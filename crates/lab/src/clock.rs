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
use serde::{Deserialize, Serialize};
use trustwalk_lab_cluster::Clock;
use trustwalk_lab_issuer::pki::{LEAF_DAYS, days_after};

/// Days ago the present leaf certificate was issued.
pub(crate) const LEAF_AGE_DAYS: i64 = 40;
/// Days ago the CI issuer's leaf was issued.
pub(crate) const CI_LEAF_DAYS: i64 = 25;
/// An issuer's certificate is renewed when so many days are left of it (ACM User Guide, "Managed certificate renewal").
const RENEWED_BEFORE_DAYS: i64 = 60;

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

/// Since when what follows the time is in place.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Renewals {
    /// The EKS issuer's certificate.
    pub(crate) eks_leaf: Timestamp,
    /// The CI issuer's.
    pub(crate) ci_leaf: Timestamp,
    /// The EKS issuer's signing key.
    pub(crate) eks_key: Timestamp,
}

impl Renewals {
    pub(crate) fn at(now: Timestamp) -> Self {
        let eks_leaf = days_after(now, -LEAF_AGE_DAYS);
        Self { eks_leaf, ci_leaf: days_after(now, -CI_LEAF_DAYS), eks_key: now }
    }
}

/// Whether a leaf of that age is to be replaced: it ends soon, or has not begun.
pub(crate) fn is_due(from: Timestamp, now: Timestamp) -> bool {
    now < from || days_after(from, LEAF_DAYS - RENEWED_BEFORE_DAYS) <= now
}
