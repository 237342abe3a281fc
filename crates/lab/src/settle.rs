//! A change of a cluster's world: computed from the faults that are in, pushed, and rolled out.

use std::time::Duration;

use crate::{
    LabError,
    faults::{Fault, Start},
    parts::CALL_PERIOD,
    pods, push,
    site::{Applied, Site},
    world::{WorkloadId, World},
};

/// How far back processes start that began "long ago": past the day a token lives.
const LONG_AGO_SECONDS: i64 = 26 * 3600;
/// Longest wait for a roll-out; the lab needs about a second.
const ROLLOUT: Duration = Duration::from_secs(20);
/// Longest wait for calls that are under way: each ends by itself within seconds.
const UNDER_WAY: Duration = Duration::from_secs(20);
/// A call period nobody lives to see the end of, while the clock is set back.
const QUIET: Duration = Duration::from_hours(1);

impl Site {
    /// Computes the world from base and active faults and pushes the difference; whether the CI job is to run again.
    pub(crate) async fn settle(
        &self,
        applied: &mut Applied,
        fresh: Option<(&Fault, Option<WorkloadId>)>,
    ) -> Result<bool, LabError> {
        let stand = applied.stand();
        self.keep_course(&applied.settled, Some(&stand));
        let job_changed = self.settle_at(applied, fresh).await?;
        self.keep_course(&stand, None);
        applied.settled = stand;
        Ok(job_changed)
    }

    async fn settle_at(
        &self,
        applied: &mut Applied,
        fresh: Option<(&Fault, Option<WorkloadId>)>,
    ) -> Result<bool, LabError> {
        let wanted = applied.wanted();
        let job_changed = applied.current.job != wanted.job || applied.current.roles != wanted.roles;
        let id = fresh.and_then(|(_, id)| id);
        if fresh.is_some_and(|(fault, _)| fault.start == Start::LongAgo) {
            self.settings.update(|config| config.call_period = QUIET);
            // Calls that are under way end in the present.
            self.at_rest().await?;
            self.clock.set_lag(-LONG_AGO_SECONDS);
            let done = self.roll_out(applied, wanted, id, true).await;
            // Back to the present whatever happened there.
            self.clock.set_lag(0);
            self.settings.update(|config| config.call_period = CALL_PERIOD);
            done?;
        } else {
            self.roll_out(applied, wanted, id, false).await?;
        }
        Ok(job_changed)
    }

    /// Waits until no agent has a call under way.
    async fn at_rest(&self) -> Result<(), LabError> {
        tokio::time::timeout(UNDER_WAY, self.settings.at_rest()).await.map_err(|_| LabError::Deadline {
            what: "the end of all calls that are under way".to_owned(),
            seconds: UNDER_WAY.as_secs(),
            last: "an agent is at work".to_owned(),
        })
    }

    /// Pushes `wanted` and replaces the pods of the workload that a fault hits; `wait` sees them come up well.
    async fn roll_out(
        &self,
        applied: &mut Applied,
        wanted: World,
        hit: Option<WorkloadId>,
        wait: bool,
    ) -> Result<(), LabError> {
        push::push(self, Some(&applied.current), &wanted).await?;
        applied.current = wanted;
        let Some(id) = hit else { return Ok(()) };
        if !applied.current.is_late(id) {
            pods::restart(&self.store, id)?;
        }
        if wait { self.all_ready(&[id], ROLLOUT).await } else { Ok(()) }
    }
}
