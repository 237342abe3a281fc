//! IAM's eventual consistency: what was written is seen by those who read, and by STS, some time later (IAM User Guide,
//! "Changes that I make are not always immediately visible"). How long is not documented, and so is asked for.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

use crate::state::{Kept, Managed, Profile, Provider, Role, State};
use crate::table::Table;

/// Who looks at what IAM has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum View {
    /// Whoever writes: what there is.
    Written,
    /// IAM's own reading operations.
    Reads,
    /// STS, and the authorisation of every service.
    Decides,
}

/// What is seen late.
#[derive(Debug, Default, Clone)]
struct Tables {
    roles: Table<Role>,
    kept: Table<Kept>,
    policies: Table<Managed>,
    providers: Table<Provider>,
    profiles: Table<Profile>,
}

/// One change on its way.
#[derive(Debug, Clone)]
enum Change {
    Role(String, Option<Role>),
    Kept(String, Option<Kept>),
    Policy(String, Option<Managed>),
    Provider(String, Option<Provider>),
    Profile(String, Option<Profile>),
}

/// What one kind of reader sees.
#[derive(Debug)]
struct Lag {
    seen: Tables,
    /// Changes with the time at which each was made, in their order.
    coming: VecDeque<(Timestamp, Change)>,
    delay: SignedDuration,
}

impl Lag {
    /// Lets in what is due. A clock that was set back holds nothing up.
    fn catch_up(&mut self, now: Timestamp) {
        while let Some((at, _)) = self.coming.front()
            && (now < *at || now.duration_since(*at) >= self.delay)
        {
            let Some((_, change)) = self.coming.pop_front() else { break };
            match change {
                Change::Role(name, value) => self.seen.roles.set(name, value),
                Change::Kept(name, value) => self.seen.kept.set(name, value),
                Change::Policy(name, value) => self.seen.policies.set(name, value),
                Change::Provider(name, value) => self.seen.providers.set(name, value),
                Change::Profile(name, value) => self.seen.profiles.set(name, value),
            }
        }
    }
}

/// What IAM's readers and what STS see, where that is late.
#[derive(Debug, Default)]
pub(crate) struct Lags {
    reads: Option<Lag>,
    decides: Option<Lag>,
}

/// How late changes are seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Propagation {
    /// By IAM's reading operations.
    pub iam: SignedDuration,
    /// By STS, and by the authorisation of every service.
    pub sts: SignedDuration,
}

impl Lags {
    /// Exchanges what there is with what a reader sees, or back again.
    pub(crate) fn exchange(&mut self, state: &mut State, view: View, now: Timestamp) {
        let lag = match view {
            View::Written => None,
            View::Reads => self.reads.as_mut(),
            View::Decides => self.decides.as_mut(),
        };
        let Some(lag) = lag else { return };
        lag.catch_up(now);
        let seen = &mut lag.seen;
        std::mem::swap(&mut state.roles, &mut seen.roles);
        std::mem::swap(&mut state.kept, &mut seen.kept);
        std::mem::swap(&mut state.policies, &mut seen.policies);
        std::mem::swap(&mut state.providers, &mut seen.providers);
        std::mem::swap(&mut state.profiles, &mut seen.profiles);
    }

    /// Whether anybody sees changes late.
    pub(crate) fn is_late(&self) -> bool {
        self.reads.is_some() || self.decides.is_some()
    }

    /// Sends changed entries on their way.
    pub(crate) fn send(&mut self, state: &State, touched: &Touched, now: Timestamp) {
        let mut changes = Vec::new();
        for name in &touched.roles {
            changes.push(Change::Role(name.clone(), state.roles.get(name).cloned()));
        }
        for name in &touched.kept {
            changes.push(Change::Kept(name.clone(), state.kept.get(name).cloned()));
        }
        for name in &touched.policies {
            changes.push(Change::Policy(name.clone(), state.policies.get(name).cloned()));
        }
        for name in &touched.providers {
            changes.push(Change::Provider(name.clone(), state.providers.get(name).cloned()));
        }
        for name in &touched.profiles {
            changes.push(Change::Profile(name.clone(), state.profiles.get(name).cloned()));
        }
        for lag in [&mut self.reads, &mut self.decides].into_iter().flatten() {
            lag.coming.extend(changes.iter().map(|change| (now, change.clone())));
        }
    }

    /// Sets how late changes are seen from now on. Without delay, those that are on their way have arrived.
    pub(crate) fn set(&mut self, state: &State, propagation: Propagation) {
        let now = || Tables {
            roles: state.roles.clone(),
            kept: state.kept.clone(),
            policies: state.policies.clone(),
            providers: state.providers.clone(),
            profiles: state.profiles.clone(),
        };
        for (lag, delay) in [(&mut self.reads, propagation.iam), (&mut self.decides, propagation.sts)] {
            if delay.is_positive() {
                lag.get_or_insert_with(|| Lag { seen: now(), coming: VecDeque::new(), delay }).delay = delay;
            } else {
                *lag = None;
            }
        }
    }
}

/// Names of entries that were changed, of what is seen late.
#[derive(Debug, Default)]
pub(crate) struct Touched {
    pub(crate) roles: Vec<String>,
    pub(crate) kept: Vec<String>,
    pub(crate) policies: Vec<String>,
    pub(crate) providers: Vec<String>,
    pub(crate) profiles: Vec<String>,
}
