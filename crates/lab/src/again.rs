//! Worlds again, after the lab was down: what is kept elsewhere is there already, and what is decided by where a world
//! stands is set anew.

use crate::{
    Lab, LabError,
    faults::{self, Start},
    kept::{Course, KeptHit, Stand, damaged},
    site::{Applied, Hit, Site},
    world::{Base, Generation, WorkloadId, World},
};

/// The world of a base; `scenario` is what a scenario says of the cluster.
pub(crate) fn based(base: Base, switched: bool, scenario: Option<&World>) -> World {
    let mut world = match base {
        Base::Healthy => World::healthy(),
        Base::BeforeTheChange => World::before_the_change(),
        Base::Empty => World::empty(),
        Base::Scenario => scenario.cloned().unwrap_or_else(World::empty),
    };
    if switched {
        world.issuer.generation = Generation::New;
    }
    world
}

fn hit(kept: &KeptHit) -> Result<Hit, LabError> {
    let gone = || damaged(&format!("this version has no fault `{}`", kept.fault));
    let fault = faults::find(&kept.fault).ok_or_else(gone)?.name;
    let on = kept.on.as_ref().map(|[resource, namespace, name]| {
        let unknown = || damaged(&format!("there is no kind of workloads `{resource}`"));
        WorkloadId::again(resource, namespace, name).ok_or_else(unknown)
    });
    Ok(Hit { fault, on: on.transpose()? })
}

/// What was applied when the lab ended, on its way to what was wanted.
pub(crate) fn applied(course: &Course, scenario: Option<&World>) -> Result<Applied, LabError> {
    let at = |stand: &Stand| -> Result<Applied, LabError> {
        let base = based(stand.base, stand.switched, scenario);
        Ok(Applied {
            active: stand.faults.iter().map(hit).collect::<Result<_, _>>()?,
            switched: stand.switched,
            settled: course.now.clone(),
            ..Applied::new(&base, stand.base)
        })
    };
    let now = at(&course.now)?;
    let wanted = course.towards.as_ref().map(at).transpose()?;
    let current = now.wanted();
    Ok(Applied { current, ..wanted.unwrap_or(now) })
}

impl Site {
    /// Sets what the world decides of parts that keep nothing themselves. Before anything runs.
    pub(crate) async fn set_anew(&self) {
        let applied = self.world.lock().await;
        let world = &applied.current;
        self.issuer.set_faults(|faults| *faults = world.issuer.faults.clone());
        self.settings.update(|config| {
            config.network = world.network.clone();
            config.kubernetes_minor = world.kubernetes_minor;
        });
        self.webhook.update(|config| *config = world.webhook.clone());
        self.account.tell_associations();
    }

    /// Goes on with what was under way, and makes old again what has to be: a process that began long ago began with
    /// this lab.
    async fn go_on(&self) -> Result<(), LabError> {
        let mut applied = self.world.lock().await;
        if applied.settled != applied.stand() {
            self.settle(&mut applied, None).await?;
        }
        for hit in applied.active.clone() {
            if let Some(fault) = faults::find(hit.fault).filter(|fault| fault.start == Start::LongAgo) {
                self.settle(&mut applied, Some((fault, hit.on))).await?;
            }
        }
        Ok(())
    }
}

impl Lab {
    /// Has everything go on that was under way when the lab ended.
    pub(crate) async fn go_on(&self) -> Result<(), LabError> {
        let story = self.inner.story.world.lock().await;
        self.catch_up(&story.current).await?;
        drop(story);
        for site in self.sites() {
            site.go_on().await?;
        }
        Ok(())
    }
}
