//! What can be asked of a running lab.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::{Value, json};
use trustwalk_lab_cluster::{Gvr, Store, json as j};

use crate::{
    LabError, ci,
    config::{Addresses, LabConfig, Story, TrustModel},
    faults::{self, Fault, Start, Target},
    hold, pods, push,
    running::{Applied, Lab},
    world::{Generation, WorkloadId, World, names},
};

/// How far back processes start that began "long ago": past the day a token lives.
const LONG_AGO_SECONDS: i64 = 26 * 3600;
/// Longest wait for a roll-out; the lab needs about a second.
const ROLLOUT: Duration = Duration::from_secs(20);
/// Longest wait for calls that are under way: each ends by itself within seconds.
const UNDER_WAY: Duration = Duration::from_secs(20);
/// A call period nobody lives to see the end of, while the clock is set back.
const QUIET: Duration = Duration::from_hours(1);

impl Lab {
    /// Builds and starts everything; takes well under a second.
    pub async fn start(config: LabConfig) -> Result<Self, LabError> {
        crate::start::start(config).await
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
        self.inner.store.clone()
    }

    /// What a container has logged: its current and its previous instance.
    pub fn log(&self, pod: &Value, container: &str) -> String {
        let mut text = String::new();
        for previous in [true, false] {
            if let Some(bytes) = self.inner.runtime.logs(pod, container, previous) {
                text.push_str(&String::from_utf8_lossy(&bytes));
            }
        }
        let ipamd = ["cat".to_owned(), "/host/var/log/aws-routed-eni/ipamd.log".to_owned()];
        if container == "aws-node" {
            let result = self.inner.runtime.exec(pod, container, &ipamd, None);
            text.push_str(&String::from_utf8_lossy(&result.stdout));
        }
        text
    }

    /// Everything a fault's target has logged.
    pub fn log_of(&self, target: Target) -> String {
        match target {
            Target::Workload(id) => pods::of(&self.inner.store, id).iter().map(|pod| self.log(pod, id.name)).collect(),
            Target::Job => std::fs::read_to_string(self.job_dir().join("job.log")).unwrap_or_default(),
        }
    }

    /// Injects a fault; one that is active already stays as it is.
    pub async fn break_with(&self, name: &str) -> Result<(), LabError> {
        let fault = faults::find(name).ok_or_else(|| LabError::NoSuchFault(name.to_owned()))?;
        if !self.has_cluster() {
            return Err(LabError::AccountAlone);
        }
        let mut applied = self.inner.world.lock().await;
        if applied.active.insert(fault.name) {
            self.settle(&mut applied, Some(fault)).await?;
        }
        Ok(())
    }

    /// Takes out one fault, or all; tells which were in.
    pub async fn mend(&self, name: Option<&str>) -> Result<Vec<&'static str>, LabError> {
        let mut applied = self.inner.world.lock().await;
        let mut touched = Vec::new();
        if let Some(name) = name {
            let fault = faults::find(name).ok_or_else(|| LabError::NoSuchFault(name.to_owned()))?;
            if applied.active.remove(name) {
                touched.push(fault);
            }
        } else {
            touched.extend(applied.active.iter().filter_map(|name| faults::find(name)));
            applied.active.clear();
        }
        if touched.is_empty() {
            return Ok(Vec::new());
        }
        self.settle(&mut applied, None).await?;
        for fault in &touched {
            if let Target::Workload(id) = fault.target {
                pods::restart(&self.inner.store, id)?;
            }
        }
        Ok(touched.into_iter().map(|fault| fault.name).collect())
    }

    /// Has the EKS issuer present the new hierarchy's chain, as its operator would; what is registered stays.
    pub async fn switch(&self) -> Result<(), LabError> {
        let mut applied = self.inner.world.lock().await;
        applied.base.issuer.generation = Generation::New;
        applied.current.issuer.generation = Generation::New;
        push::issuer(self, &applied.current)
    }

    /// Lets a CloudFormation stack be the owner of a role or a provider, by the tag that nobody else can set.
    pub fn give_to_stack(&self, arn: &str, stack: &str) -> Result<(), LabError> {
        let given = self.inner.account.give_to_stack(arn, stack);
        given.then_some(()).ok_or_else(|| LabError::Control(format!("there is no {arn}")))
    }

    /// Names of the active faults.
    pub async fn active(&self) -> Vec<&'static str> {
        self.inner.world.lock().await.active.iter().copied().collect()
    }

    /// Gives the world another base, such as after the change of the story, with all
    /// its workloads rolled out.
    pub(crate) async fn rebase(&self, base: World, fault: Option<&'static str>) -> Result<(), LabError> {
        let mut applied = self.inner.world.lock().await;
        applied.base = base;
        applied.active.extend(fault);
        self.settle(&mut applied, fault.and_then(faults::find)).await
    }

    /// Computes the world from base and active faults and pushes the difference.
    async fn settle(&self, applied: &mut Applied, fresh: Option<&Fault>) -> Result<(), LabError> {
        let mut wanted = applied.base.clone();
        for fault in applied.active.iter().filter_map(|name| faults::find(name)) {
            (fault.edit)(&mut wanted);
        }
        let job_changed = applied.current.job != wanted.job || applied.current.roles != wanted.roles;
        if fresh.is_some_and(|fault| fault.start == Start::LongAgo) {
            self.inner.settings.update(|config| config.call_period = QUIET);
            // Calls that are under way end in the present.
            self.at_rest().await?;
            self.inner.clock.set_lag(-LONG_AGO_SECONDS);
            let done = self.roll_out(applied, wanted, fresh, true).await;
            // Back to the present whatever happened there.
            self.inner.clock.set_lag(0);
            self.inner.settings.update(|config| config.call_period = crate::start::CALL_PERIOD);
            done?;
        } else {
            self.roll_out(applied, wanted, fresh, false).await?;
        }
        if job_changed {
            self.run_job(&applied.current).await?;
        }
        Ok(())
    }

    /// Waits until no agent has a call under way.
    async fn at_rest(&self) -> Result<(), LabError> {
        tokio::time::timeout(UNDER_WAY, self.inner.settings.at_rest()).await.map_err(|_| LabError::Deadline {
            what: "the end of all calls that are under way".to_owned(),
            seconds: UNDER_WAY.as_secs(),
            last: "an agent is at work".to_owned(),
        })
    }

    /// Pushes `wanted` and replaces the pods of the fault's target, if it is a
    /// workload; `wait` sees them come up well.
    async fn roll_out(
        &self,
        applied: &mut Applied,
        wanted: World,
        fresh: Option<&Fault>,
        wait: bool,
    ) -> Result<(), LabError> {
        push::push(self, Some(&applied.current), &wanted).await?;
        applied.current = wanted;
        let Some(Target::Workload(id)) = fresh.map(|fault| fault.target) else {
            return Ok(());
        };
        if !applied.current.is_late(id) {
            pods::restart(&self.inner.store, id)?;
        }
        if wait { self.all_ready(&[id], ROLLOUT).await } else { Ok(()) }
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
        let applied = self.inner.world.lock().await;
        self.run_job(&applied.current).await
    }

    /// Waits until every pod of a workload is one made after its last restart.
    pub(crate) async fn replaced(&self, id: WorkloadId, limit: Duration) -> Result<(), LabError> {
        let store = &self.inner.store;
        pods::wait(store, &format!("the roll-out of {id}"), limit, || pods::replaced(store, id)).await
    }

    /// Waits until the workloads' pods are all new and Ready.
    pub async fn all_ready(&self, ids: &[WorkloadId], limit: Duration) -> Result<(), LabError> {
        let store = &self.inner.store;
        pods::wait(store, "all pods Ready", limit, || {
            for id in ids {
                pods::replaced(store, *id).map_err(|state| format!("{id}: {state}"))?;
                for pod in pods::of(store, *id) {
                    if !pods::is_ready(&pod) {
                        return Err(format!("{} is not ready", j::name(&pod)));
                    }
                }
            }
            Ok(())
        })
        .await
    }

    /// Waits until every `Deployment` of the cluster has its pods Ready.
    pub(crate) async fn deployments_ready(&self, limit: Duration) -> Result<(), LabError> {
        let store = &self.inner.store;
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
        pods::wait(&self.inner.store, &format!("`{text}` in the log of {target}"), limit, || {
            let log = self.log_of(target);
            if log.contains(text) { Ok(()) } else { Err(log.lines().last().unwrap_or("an empty log").to_owned()) }
        })
        .await
    }

    /// What the lab holds, for people and programs.
    pub async fn status(&self) -> Value {
        let active = self.active().await;
        let store = &self.inner.store;
        let pods: Vec<Value> = crate::world::ALL
            .iter()
            .flat_map(|id| pods::of(store, *id).into_iter().map(move |pod| (id, pod)))
            .map(|(id, pod)| json!({"namespace": id.namespace, "name": j::name(&pod), "ready": pods::is_ready(&pod)}))
            .collect();
        let addresses = self.inner.addresses;
        let cluster = self.has_cluster().then_some(names::CLUSTER);
        let mut status = json!({
            "account": names::ACCOUNT,
            "region": names::REGION,
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
        if !self.inner.config.outside.issuers.is_empty() {
            j::put(&mut status, "/outside", self.outside_shown());
        }
        status
    }

    /// Asks the lab to stop; [`Lab::down_asked`] then returns. Its files go at once: there is nothing left that
    /// they would lead to.
    pub fn ask_down(&self) {
        self.inner.down.send_replace(true);
        self.inner.hold.clean();
    }

    /// Returns when somebody asked the lab to stop.
    pub async fn down_asked(&self) {
        let mut down = self.inner.down.subscribe();
        // The sender lives in the lab itself, so it cannot be gone here.
        let _asked = down.wait_for(|asked| *asked).await;
    }
}
