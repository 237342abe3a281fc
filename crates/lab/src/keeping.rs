//! Keeping what outlives the lab while it runs.

use std::time::Duration;

use trustwalk_lab_aws::Account;

use crate::{
    Lab, LabError,
    clock::Renewals,
    kept::{HIERARCHIES, Hours},
};

/// How often what was kept is brought to the disk, and the journal's length looked at.
const TEND_EVERY: Duration = Duration::from_secs(1);

impl Lab {
    /// Why the state is no longer kept, if so.
    pub fn state_failure(&self) -> Option<String> {
        self.inner.kept.as_ref()?.journal.failure()
    }

    /// Writes everything down, and from then on whenever the journal has become long.
    pub(crate) async fn begin_keeping(&self) -> Result<(), LabError> {
        if self.inner.kept.is_none() {
            return Ok(());
        }
        let lab = self.clone();
        let written = tokio::task::spawn_blocking(move || lab.write_down()).await;
        written.map_err(|_| LabError::Control("the state could not be written".to_owned()))??;
        tokio::spawn(self.clone().tend());
        Ok(())
    }

    fn write_down(&self) -> Result<(), LabError> {
        let Some(kept) = &self.inner.kept else { return Ok(()) };
        let inner = &self.inner;
        kept.journal.snapshot(|snapshot| {
            kept.tell(snapshot);
            self.accounts().for_each(|account| account.tell(snapshot));
            inner.story.server.tell(snapshot);
            for site in self.sites().filter(|site| site.served) {
                site.store.tell(snapshot, &site.place.cluster);
            }
        })?;
        Ok(())
    }

    async fn tend(self) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(TEND_EVERY) => {}
                () = self.down_asked() => return,
            }
            let lab = self.clone();
            let tended = tokio::task::spawn_blocking(move || {
                let Some(kept) = &lab.inner.kept else { return Ok(()) };
                kept.journal.sync();
                if kept.journal.is_long() { lab.write_down() } else { Ok(()) }
            });
            let failed = !matches!(tended.await, Ok(Ok(())));
            if failed || self.state_failure().is_some() {
                // Whoever is answered now would be told of what is lost.
                self.ask_down();
                return;
            }
        }
    }

    /// Keeps the lab's time.
    pub(crate) fn keep_hours(&self, renewals: Renewals) {
        if let Some(kept) = &self.inner.kept {
            kept.put("hours", &Hours { moved: self.inner.clock.moved(), renewals });
            let [old, new] = HIERARCHIES;
            kept.put(old, &self.inner.story.authorities.old.kept());
            kept.put(new, &self.inner.story.authorities.new.kept());
        }
    }

    /// Every account behind the endpoint, once.
    pub(crate) fn accounts(&self) -> impl Iterator<Item = &Account> {
        let first = self.inner.story.account.account();
        let members = self.inner.scene.get().map(|scene| scene.members.as_slice()).unwrap_or_default();
        let more = members.iter().map(|member| &member.account).filter(|account| account.id() != first.id());
        std::iter::once(first).chain(more)
    }
}
