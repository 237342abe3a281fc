//! What outlives the account: each entry of its tables, kept as it changes and put back at the next start.

use std::sync::{Arc, PoisonError};

use jiff::SignedDuration;
use trustwalk_lab_keep::{Journal, KeepError, Restored, Snapshot};

use crate::account::Account;
use crate::lag::Propagation;
use crate::own::{key_of, table_name};
use crate::state::{Event, Trail};
use crate::table::Table;
use crate::throttle::Rate;

impl Account {
    /// Puts back what was kept of this account, in place of all that it holds.
    pub fn restore(&self, kept: &mut Restored) -> Result<(), KeepError> {
        let id = &self.config.account_id;
        let name = |table: &str| table_name(id, table);
        let events = kept.take::<Event>(&name("trail"))?;
        let mut state = self.state();
        state.roles = Table::from(kept.take(&name("roles"))?);
        state.kept = Table::from(kept.take(&name("kept"))?);
        state.policies = Table::from(kept.take(&name("policies"))?);
        state.providers = Table::from(kept.take(&name("providers"))?);
        state.profiles = Table::from(kept.take(&name("profiles"))?);
        state.keys = Table::from(kept.take(&name("keys"))?);
        state.clusters = Table::from(kept.take(&name("clusters"))?);
        state.beside = Table::from(kept.take(&name("beside"))?);
        state.eks_tags = Table::from(kept.take(&name("eks-tags"))?);
        state.events = Trail::of(events.into_iter().filter_map(|(key, event)| Some((key.parse().ok()?, event))));
        state.started = kept.take_one(&name("own"), "started")?.unwrap_or(state.started);
        Ok(())
    }

    /// Has every change kept from now on, before whoever asked for it is answered.
    pub fn keep_in(&self, journal: Arc<Journal>) {
        *self.own.journal.lock().unwrap_or_else(PoisonError::into_inner) = Some(journal);
    }

    /// Tells everything that is to be kept.
    pub fn tell(&self, snapshot: &mut Snapshot) {
        let id = &self.config.account_id;
        let state = self.state();
        macro_rules! table {
            ($name:literal, $table:expr) => {
                let name = table_name(id, $name);
                for (key, value) in $table.iter() {
                    snapshot.put(&name, key, value);
                }
            };
        }
        table!("roles", state.roles);
        table!("kept", state.kept);
        table!("policies", state.policies);
        table!("providers", state.providers);
        table!("profiles", state.profiles);
        table!("keys", state.keys);
        table!("clusters", state.clusters);
        table!("beside", state.beside);
        table!("eks-tags", state.eks_tags);
        let name = table_name(id, "trail");
        for (number, event) in state.events.numbered() {
            snapshot.put(&name, &key_of(number), event);
        }
        snapshot.put(&table_name(id, "own"), "started", &state.started);
    }

    /// Gives clusters whose API was elsewhere the address that it has now.
    pub fn move_clusters(&self, from: &str, to: &str) {
        let mut state = self.state();
        let moved: Vec<String> = state
            .clusters
            .iter()
            .filter(|(_, cluster)| cluster.endpoint == from)
            .map(|(name, _)| name.clone())
            .collect();
        for name in moved {
            if let Some(cluster) = state.clusters.get_mut(&name) {
                to.clone_into(&mut cluster.endpoint);
            }
        }
    }

    /// Sets how late changes of IAM's are seen from now on.
    pub fn set_propagation(&self, propagation: Propagation) {
        self.own.set_lags(propagation);
    }

    /// Sets how often a service may be asked from now on; without a rate, as often as one likes.
    pub fn set_rate(&self, service: &str, rate: Option<Rate>) {
        self.own.buckets.set(service, rate, self.now());
    }
}

/// The longest delay that is taken: an hour, far more than anybody has reported.
pub const LONGEST_PROPAGATION: SignedDuration = SignedDuration::from_hours(1);
