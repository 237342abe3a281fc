//! Moving the lab's time, and what follows it: certificates are renewed as their operators renew them, signing keys
//! rotate, kubelets fetch new tokens, sessions are opened anew, and the CI job runs once more.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use trustwalk_lab_issuer::{
    SigningKey,
    pki::{LeafKey, Presentation, days_after},
};

use crate::{
    Lab, LabError,
    clock::{CI_LEAF_DAYS, LEAF_AGE_DAYS, is_due},
    parts::CALL_PERIOD,
    push,
    site::Site,
    world::names::CI_ISSUER_HOST,
};

/// How far back the lab goes: its leaves have begun by then.
const FURTHEST_BACK_DAYS: i64 = 30;
/// How far ahead: its roots last as long.
const FURTHEST_AHEAD_DAYS: i64 = 10 * 365;
/// EKS rotates its signing key every seven days (EKS User Guide, "Fetch signing keys").
const KEY_DAYS: i64 = 7;
/// A call period nobody lives to see the end of, while the time is moved.
const QUIET: Duration = Duration::from_hours(1);
/// Longest wait for the calls that are under way, and for those that follow.
const ROUND: Duration = Duration::from_secs(20);

impl Lab {
    /// The lab's time, and how far it is from the machine's.
    pub fn time(&self) -> Value {
        let clock = &self.inner.clock;
        let now = clock.outside();
        json!({"time": now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(), "at": now.as_second(), "moved": clock.moved()})
    }

    /// Sets the lab's time. Returns when everything has followed.
    pub async fn set_time(&self, to: Timestamp) -> Result<(), LabError> {
        let real = Timestamp::now();
        if to < days_after(real, -FURTHEST_BACK_DAYS) || to > days_after(real, FURTHEST_AHEAD_DAYS) {
            return Err(LabError::Time(format!(
                "the lab's time goes from {FURTHEST_BACK_DAYS} days back to {} years ahead",
                FURTHEST_AHEAD_DAYS / 365
            )));
        }
        let applied = self.inner.story.world.lock().await;
        // Calls that are under way end in the old time.
        self.sites().for_each(|site| site.settings.update(|config| config.call_period = QUIET));
        let moved = self.follow(to, &applied.current).await;
        for site in self.sites() {
            site.settings.update(|config| {
                config.call_period = CALL_PERIOD;
                if let Some(role) = &mut config.node_role {
                    *role = site.account.node_role();
                }
            });
        }
        moved?;
        self.run_job(&applied.current).await?;
        // Every agent has made a call in the new time then.
        self.rest().await
    }

    async fn follow(&self, to: Timestamp, world: &crate::world::World) -> Result<(), LabError> {
        self.rest().await?;
        let inner = &self.inner;
        inner.clock.set_moved(to.as_second().saturating_sub(Timestamp::now().as_second()));
        self.catch_up(world).await
    }

    /// Renews whatever is due by now.
    pub(crate) async fn catch_up(&self, world: &crate::world::World) -> Result<(), LabError> {
        let inner = &self.inner;
        let now = inner.clock.now();
        let mut renewed = *inner.renewals.lock().await;
        // Before what follows it: whatever is not there then is due at the next start.
        self.keep_hours(renewed);
        let authorities = inner.story.authorities.old.renew(now)? | inner.story.authorities.new.renew(now)?;
        if authorities || is_due(renewed.eks_leaf, now) {
            push::issuer(&inner.story, world)?;
            self.renew_scene().await?;
            renewed.eks_leaf = days_after(now, -LEAF_AGE_DAYS);
        }
        if authorities || is_due(renewed.ci_leaf, now) {
            renewed.ci_leaf = days_after(now, -CI_LEAF_DAYS);
            let (hosts, leaf) = ([CI_ISSUER_HOST], LeafKey::P256);
            let chain = inner.story.authorities.old.present(&hosts, renewed.ci_leaf, Presentation::Full, leaf)?;
            inner.story.server.set_chain(CI_ISSUER_HOST, &chain, false)?;
        }
        if days_after(renewed.eks_key, KEY_DAYS) <= now {
            let key = tokio::task::spawn_blocking(SigningKey::generate).await;
            inner.story.issuer.rotate_key(key.map_err(|_| LabError::Control("no key could be made".to_owned()))??);
            inner.story.issuer.retire_keys();
            renewed.eks_key = now;
        }
        *inner.renewals.lock().await = renewed;
        self.keep_hours(renewed);
        self.sites().for_each(|site| site.agent.renew());
        Ok(())
    }

    /// Certificates of a scenario's hosts, and of its clusters as their faults have them.
    async fn renew_scene(&self) -> Result<(), LabError> {
        let Some(scene) = self.inner.scene.get() else { return Ok(()) };
        self.inner.present(&scene.chains)?;
        for site in &scene.sites {
            push::issuer(site, &site.world.lock().await.current)?;
        }
        Ok(())
    }

    /// The story's cluster, and a scenario's.
    pub(crate) fn sites(&self) -> impl Iterator<Item = &Site> {
        let more = self.inner.scene.get().map(|scene| scene.sites.as_slice()).unwrap_or_default();
        std::iter::once(&self.inner.story).chain(more)
    }

    async fn rest(&self) -> Result<(), LabError> {
        let all = async {
            for site in self.sites() {
                site.settings.at_rest().await;
            }
        };
        tokio::time::timeout(ROUND, all).await.map_err(|_| LabError::Deadline {
            what: "every agent's call".to_owned(),
            seconds: ROUND.as_secs(),
            last: "an agent is at work".to_owned(),
        })
    }
}
