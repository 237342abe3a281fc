//! What can be asked of a running lab.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::SignedDuration;
use serde_json::{Value, json};
use trustwalk_lab_cluster::{Gvr, Store, json as j};

use crate::{
    LONGEST_PROPAGATION, LabError, Propagation, Rate, THROTTLED, ci,
    config::{Addresses, LabConfig, Story, TrustModel},
    faults::{self, Fault, Target},
    hold, pods, push,
    running::Lab,
    scenario::Scenario,
    site::{Applied, Hit},
    world::{Base, Generation, WorkloadId, World, names},
};

impl Lab {
    /// Builds and starts everything; takes well under a second.
    pub async fn start(config: LabConfig) -> Result<Self, LabError> {
        // What builds a world holds much at a time, and whoever waits for it is not to hold that too.
        Box::pin(crate::start::start(config, None)).await
    }

    /// Starts a lab with a world of one's own in place of the story's.
    pub async fn start_scenario(config: LabConfig, scenario: &Scenario) -> Result<Self, LabError> {
        Box::pin(crate::start::start(LabConfig { story: Story::AccountAlone, ..config }, Some(scenario))).await
    }

    /// Where things listen.
    pub fn addresses(&self) -> Addresses {
        self.inner.addresses
    }

    /// Folder of the lab's files.
    pub fn dir(&self) -> &Path {
        &self.inner.config.state_dir
    }

    /// How the account trusts certificates.
    pub fn trust_model(&self) -> TrustModel {
        self.inner.config.trust_model
    }

    /// Whether STS refuses a wrong audience in the words it had before July 2026 ("Incorrect token audience"), and not
    /// in those that it has had since.
    pub fn refuse_audiences_as_before_2026(&self, before: bool) {
        self.inner.story.account.refuse_audiences_as_before_2026(before);
    }

    /// Whether there is a cluster; without one there is no story either.
    pub fn has_cluster(&self) -> bool {
        self.inner.config.story != Story::AccountAlone
    }

    /// Folder of the CI job's files.
    pub fn job_dir(&self) -> PathBuf {
        self.dir().join(hold::CI).join("deploy")
    }

    /// The cluster's objects, for tests and demonstrations that look in from outside.
    pub fn store(&self) -> Store {
        self.inner.story.store.clone()
    }

    /// What a container has logged: its current and its previous instance.
    pub fn log(&self, pod: &Value, container: &str) -> String {
        self.inner.story.log(pod, container)
    }

    /// Everything a fault's target has logged.
    pub fn log_of(&self, target: Target) -> String {
        match target {
            Target::Workload(id) => {
                pods::of(&self.inner.story.store, id).iter().map(|pod| self.log(pod, id.name)).collect()
            }
            Target::Job => std::fs::read_to_string(self.job_dir().join("job.log")).unwrap_or_default(),
        }
    }

    /// Injects a fault; one that is active already stays as it is.
    pub async fn break_with(&self, name: &str) -> Result<(), LabError> {
        let fault = faults::find(name).ok_or_else(|| LabError::NoSuchFault(name.to_owned()))?;
        if !self.has_cluster() {
            return Err(LabError::AccountAlone);
        }
        let mut applied = self.inner.story.world.lock().await;
        let on = fault.target.workload();
        if applied.active.insert(Hit { fault: fault.name, on }) {
            self.settle(&mut applied, Some((fault, on))).await?;
        }
        Ok(())
    }

    /// The world of one of the scenario's clusters that has an API server.
    pub async fn world_of(&self, cluster: &str) -> Option<World> {
        let site = self.inner.scene.get()?.sites.iter().find(|site| site.place.cluster == cluster)?;
        Some(site.world.lock().await.current.clone())
    }

    /// Injects a fault into a workload of the scenario's, `CLUSTER/NAMESPACE/NAME`; which that is.
    pub async fn break_on(&self, name: &str, on: &str) -> Result<WorkloadId, LabError> {
        self.inner.scene.get().ok_or(LabError::NoScenario)?.hit(name, on).await
    }

    /// Takes out one fault, or all; tells which were in.
    pub async fn mend(&self, name: Option<&str>) -> Result<Vec<&'static str>, LabError> {
        if let Some(scene) = self.inner.scene.get() {
            return scene.mend(name).await;
        }
        let mut applied = self.inner.story.world.lock().await;
        let mut touched = Vec::new();
        if let Some(name) = name {
            let fault = faults::find(name).ok_or_else(|| LabError::NoSuchFault(name.to_owned()))?;
            if applied.active.remove(&Hit { fault: fault.name, on: fault.target.workload() }) {
                touched.push(fault);
            }
        } else {
            touched.extend(applied.active.iter().filter_map(|hit| faults::find(hit.fault)));
            applied.active.clear();
        }
        if touched.is_empty() {
            return Ok(Vec::new());
        }
        self.settle(&mut applied, None).await?;
        for fault in &touched {
            if let Target::Workload(id) = fault.target {
                pods::restart(&self.inner.story.store, id)?;
            }
        }
        Ok(touched.into_iter().map(|fault| fault.name).collect())
    }

    /// Has the EKS issuer present the new hierarchy's chain, as its operator would; what is registered stays.
    pub async fn switch(&self) -> Result<(), LabError> {
        let mut applied = self.inner.story.world.lock().await;
        applied.base.issuer.generation = Generation::New;
        applied.switched = true;
        applied.settled.switched = true;
        self.inner.story.keep_course(&applied.settled, None);
        applied.current.issuer.generation = Generation::New;
        push::issuer(&self.inner.story, &applied.current)
    }

    /// Lets a CloudFormation stack be the owner of a role or a provider, by the tag that nobody else can set.
    pub fn give_to_stack(&self, arn: &str, stack: &str) -> Result<(), LabError> {
        let given = self.inner.story.account.give_to_stack(arn, stack);
        given.then_some(()).ok_or_else(|| LabError::Control(format!("there is no {arn}")))
    }

    /// Sets how often a service may be asked from now on; without a rate, as often as one likes.
    pub fn set_rate(&self, service: &str, rate: Option<Rate>) -> Result<(), LabError> {
        if !THROTTLED.contains(&service) {
            return Err(LabError::Control(format!("there is no service `{service}`")));
        }
        self.accounts().for_each(|account| account.set_rate(service, rate));
        Ok(())
    }

    /// Sets how late changes of IAM's are seen by IAM and by STS, milliseconds.
    pub fn set_propagation(&self, iam: u32, sts: u32) -> Result<(), LabError> {
        let delay = |millis: u32| SignedDuration::from_millis(i64::from(millis));
        let propagation = Propagation { iam: delay(iam), sts: delay(sts) };
        if propagation.iam.max(propagation.sts) > LONGEST_PROPAGATION {
            return Err(LabError::Control("changes of IAM's are seen an hour late at most".to_owned()));
        }
        self.accounts().for_each(|account| account.set_propagation(propagation));
        Ok(())
    }

    /// Whether the lab goes on from a state that was kept.
    pub fn goes_on(&self) -> bool {
        self.inner.goes_on
    }

    /// Names of the active faults.
    pub async fn active(&self) -> Vec<&'static str> {
        self.inner.story.world.lock().await.active.iter().map(|hit| hit.fault).collect()
    }

    /// Gives the world the healthy base, as after the change of the story, with all
    /// its workloads rolled out.
    pub(crate) async fn rebase(&self, base: World, fault: Option<&'static str>) -> Result<(), LabError> {
        let mut applied = self.inner.story.world.lock().await;
        applied.base = base;
        applied.origin = Base::Healthy;
        let fault = fault.and_then(faults::find).map(|fault| (fault, fault.target.workload()));
        applied.active.extend(fault.map(|(fault, on)| Hit { fault: fault.name, on }));
        self.settle(&mut applied, fault).await
    }

    /// Has the story's cluster settle, and its CI job run again where that has changed.
    async fn settle(&self, applied: &mut Applied, fresh: Option<(&Fault, Option<WorkloadId>)>) -> Result<(), LabError> {
        if self.inner.story.settle(applied, fresh).await? { self.run_job(&applied.current).await } else { Ok(()) }
    }

    /// Runs the CI job and leaves its files.
    pub(crate) async fn run_job(&self, world: &World) -> Result<(), LabError> {
        let inner = &self.inner;
        if *inner.down.borrow() {
            // The files are gone, and the folder may be another lab's.
            return Ok(());
        }
        ci::run(&self.job_dir(), &world.job, &inner.ci_issuer, inner.addresses.aws, inner.clock.now()).await
    }

    /// Runs the CI job again, after somebody has changed something.
    pub async fn rerun_job(&self) -> Result<(), LabError> {
        let applied = self.inner.story.world.lock().await;
        self.run_job(&applied.current).await
    }

    /// Waits until the workloads' pods are all new and Ready.
    pub async fn all_ready(&self, ids: &[WorkloadId], limit: Duration) -> Result<(), LabError> {
        self.inner.story.all_ready(ids, limit).await
    }

    /// Waits until every pod of a workload is one made after its last restart, well or not.
    pub async fn replaced(&self, id: WorkloadId, limit: Duration) -> Result<(), LabError> {
        self.inner.story.replaced(id, limit).await
    }

    /// Waits until every `Deployment` of the cluster has its pods Ready.
    pub(crate) async fn deployments_ready(&self, limit: Duration) -> Result<(), LabError> {
        let store = &self.inner.story.store;
        pods::wait(store, "all deployments ready", limit, || {
            let found = store.list(&Gvr::apps("deployments"), None).1;
            let waiting = found
                .iter()
                .find(|d| j::int(d, "/status/readyReplicas").unwrap_or(0) < j::int(d, "/spec/replicas").unwrap_or(1));
            waiting.map_or(Ok(()), |d| Err(format!("{} is not ready", j::name(d))))
        })
        .await
    }

    /// Waits until the log of a target holds `text`.
    pub async fn logged(&self, target: Target, text: &str, limit: Duration) -> Result<(), LabError> {
        pods::wait(&self.inner.story.store, &format!("`{text}` in the log of {target}"), limit, || {
            let log = self.log_of(target);
            if log.contains(text) { Ok(()) } else { Err(log.lines().last().unwrap_or("an empty log").to_owned()) }
        })
        .await
    }

    /// What the lab holds, for people and programs.
    pub async fn status(&self) -> Value {
        let active = self.active().await;
        let store = &self.inner.story.store;
        let pods: Vec<Value> = crate::world::ALL
            .iter()
            .flat_map(|id| pods::of(store, *id).into_iter().map(move |pod| (id, pod)))
            .map(|(id, pod)| json!({"namespace": id.namespace, "name": j::name(&pod), "ready": pods::is_ready(&pod)}))
            .collect();
        let addresses = self.inner.addresses;
        let cluster = self.has_cluster().then_some(names::CLUSTER);
        let mut status = json!({
            "account": self.inner.story.place.account,
            "region": self.inner.story.place.region,
            "cluster": cluster,
            "issuer": names::ISSUER,
            "trust_model": self.trust_model().name(),
            "aws": format!("http://{}", addresses.aws),
            "kubernetes": addresses.kubernetes.map(|address| format!("https://{address}")),
            "issuers": addresses.issuer.to_string(),
            "faults": active,
            "time": self.inner.clock.outside().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            "pods": pods,
        });
        if let Some(scene) = self.inner.scene.get() {
            for (name, value) in scene.shown().await.as_object().into_iter().flatten() {
                j::put(&mut status, &format!("/{name}"), value.clone());
            }
        }
        if let Some(state) = &self.inner.config.terms.state {
            j::put(&mut status, "/state", state.display().to_string().into());
        }
        if !self.inner.config.outside.issuers.is_empty() {
            j::put(&mut status, "/outside", self.outside_shown());
        }
        status
    }

    /// Asks the lab to stop; [`Lab::down_asked`] then returns. Its files go at once: there is nothing left that
    /// they would lead to.
    pub fn ask_down(&self) {
        self.inner.down.send_replace(true);
        if let Some(kept) = &self.inner.kept {
            kept.journal.sync();
        }
        self.inner.hold.clean();
    }

    /// Returns when somebody asked the lab to stop.
    pub async fn down_asked(&self) {
        let mut down = self.inner.down.subscribe();
        // The sender lives in the lab itself, so it cannot be gone here.
        let _asked = down.wait_for(|asked| *asked).await;
    }
}
