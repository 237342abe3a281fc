//! A controller and its pods, as the API server tells of them while they change.

use std::collections::BTreeMap;

use tokio::sync::mpsc::{self, Receiver};
use tokio::task::JoinSet;
use trustwalk_collect::kube_api::{Change, Controller, KubeApi, LivePod, Watched, WorkloadRef, controller, live_pod};
use trustwalk_collect::limits::LIST_PACE_AT_MOST;
use trustwalk_core::plan::OnePod;

use crate::progress::{PodView, RolloutView, Still};

/// Changes that may wait to be looked at.
const ROOM: usize = 64;

/// What ended.
enum Deaf {
    /// What is waited for cannot be followed any more, and why.
    Needed(String),
    /// What would only be good to know.
    Spare,
}

/// The followers of one roll-out; they end with it.
pub(super) struct Ears {
    controllers: Receiver<Change<Controller>>,
    pods: Receiver<Change<LivePod>>,
    budgets: Receiver<Change<()>>,
    followers: JoinSet<Deaf>,
}

impl Ears {
    /// Follows a controller, the pods of its selector, and where they matter the disruption budgets.
    pub(super) fn open(kube: &KubeApi, target: &WorkloadRef, selector: &str, budgets: bool) -> Self {
        let (tell_controllers, controllers) = mpsc::channel(ROOM);
        let (tell_pods, pods) = mpsc::channel(ROOM);
        let (tell_budgets, heard_budgets) = mpsc::channel(ROOM);
        let mut followers = JoinSet::new();
        let WorkloadRef { resource, namespace, name } = target;
        let (own, kind) = (kube.clone(), resource.kind);
        let what = Watched::one(resource.api, resource.plural, namespace, name);
        followers
            .spawn(async move { Deaf::Needed(own.follow(&what, &|v| controller(kind, v), &tell_controllers).await) });
        let (own, what) = (kube.clone(), Watched::pods(namespace, selector));
        followers.spawn(async move { Deaf::Needed(own.follow(&what, &live_pod, &tell_pods).await) });
        if budgets {
            let (own, what) = (kube.clone(), Watched::budgets(namespace));
            followers.spawn(async move {
                // Whoever may not read budgets learns of them when an eviction is asked for again.
                let _ = own.follow(&what, &|_| (), &tell_budgets).await;
                Deaf::Spare
            });
        }
        Self { controllers, pods, budgets: heard_budgets, followers }
    }

    /// Waits for the next change, and takes in whatever came with it. Nothing is lost when this is dropped.
    pub(super) async fn hear(&mut self, scene: &mut Scene) -> Result<(), String> {
        tokio::select! {
            Some(change) = self.controllers.recv() => scene.controller(change),
            Some(change) = self.pods.recv() => scene.pod(change),
            Some(change) = self.budgets.recv() => scene.budget(&change),
            Some(end) = self.followers.join_next() => match end {
                Ok(Deaf::Needed(why)) => return Err(why),
                Ok(Deaf::Spare) => {}
                Err(error) => return Err(error.to_string()),
            },
            else => return Err("nothing is followed any more".to_owned()),
        }
        while let Ok(change) = self.controllers.try_recv() {
            scene.controller(change);
        }
        while let Ok(change) = self.pods.try_recv() {
            scene.pod(change);
        }
        while let Ok(change) = self.budgets.try_recv() {
            scene.budget(&change);
        }
        Ok(())
    }
}

/// What is known of a roll-out.
#[derive(Debug, Default)]
pub(super) struct Scene {
    pub(super) controller: Option<Controller>,
    /// Whether the controller is gone.
    pub(super) gone: bool,
    /// By name, once they were listed.
    pub(super) pods: Option<BTreeMap<String, LivePod>>,
    /// How often something was heard of disruption budgets.
    pub(super) budgets: u64,
    /// Why changes are not told, and whether that was said.
    pub(super) unwatched: Option<(String, bool)>,
}

impl Scene {
    fn controller(&mut self, change: Change<Controller>) {
        match change {
            Change::All(all) => {
                self.gone = all.is_empty();
                self.controller = all.into_iter().next();
            }
            Change::One(one) => (self.controller, self.gone) = (Some(one), false),
            Change::Gone(_) => self.gone = true,
            Change::Unwatched(why) => self.is_unwatched(why),
        }
    }

    fn budget(&mut self, change: &Change<()>) {
        if !matches!(change, Change::Unwatched(_)) {
            self.budgets += 1;
        }
    }

    fn is_unwatched(&mut self, why: String) {
        self.unwatched.get_or_insert((why, false));
    }

    /// That changes are not told: once, however many followers find it out.
    pub(super) fn unwatched(&mut self) -> Option<String> {
        let (why, told) = self.unwatched.as_mut().filter(|(_, told)| !told)?;
        *told = true;
        let most = LIST_PACE_AT_MOST.as_secs();
        Some(format!("changes cannot be watched here, so it is looked every few seconds, {most} at most: {why}"))
    }

    fn pod(&mut self, change: Change<LivePod>) {
        if let Change::Unwatched(why) = change {
            return self.is_unwatched(why);
        }
        let pods = self.pods.get_or_insert_default();
        match change {
            Change::All(all) => *pods = all.into_iter().map(|p| (p.pod.name.clone(), p)).collect(),
            Change::One(one) => drop(pods.insert(one.pod.name.clone(), one)),
            // Another pod may have its name by now.
            Change::Gone(gone) if pods.get(&gone.pod.name).is_some_and(|p| p.pod.uid == gone.pod.uid) => {
                pods.remove(&gone.pod.name);
            }
            Change::Gone(_) | Change::Unwatched(_) => {}
        }
    }

    /// A pod goes, as the answer to its eviction says.
    pub(super) fn leaves(&mut self, one: &OnePod) {
        let pods = self.pods.as_mut();
        if let Some(live) = pods.and_then(|all| all.get_mut(&one.name)).filter(|live| live.pod.uid == one.uid) {
            live.leaving = true;
        }
    }

    /// A pod is gone.
    pub(super) fn went(&mut self, one: &OnePod) {
        if let Some(pods) = &mut self.pods
            && pods.get(&one.name).is_some_and(|live| live.pod.uid == one.uid)
        {
            pods.remove(&one.name);
        }
    }

    /// Pods that are there to stay.
    pub(super) fn living(&self) -> impl Iterator<Item = &LivePod> {
        self.pods.iter().flat_map(BTreeMap::values).filter(|p| !p.leaving && !p.pod.ended())
    }

    /// The view, with those pods as new that `new` says are.
    pub(super) fn view(
        &self,
        (desired, renewed): (i64, i64),
        says: String,
        still: Option<Still>,
        new: &dyn Fn(&LivePod) -> bool,
    ) -> RolloutView {
        let shown = self.pods.iter().flat_map(BTreeMap::values).filter(|p| !p.pod.ended());
        let pods = shown
            .map(|live| PodView {
                name: live.pod.name.clone(),
                ready: live.pod.ready && !live.leaving,
                new: new(live),
                containers: live.pod.containers_ready(),
                status: match &live.pod.reason {
                    _ if live.leaving => "Terminating".to_owned(),
                    Some(reason) => reason.clone(),
                    None => live.pod.phase.clone(),
                },
                restarts: live.pod.restarts,
                waits: live.waits.as_ref().map(trustwalk_collect::kube_api::Waits::words),
            })
            .collect();
        RolloutView { desired, renewed, says, still, pods }
    }

    /// What the pods wait for, counted, and one of each in full.
    pub(super) fn waits(&self) -> String {
        let mut kinds: BTreeMap<&'static str, (usize, String)> = BTreeMap::new();
        for (waits, name) in
            self.pods.iter().flat_map(BTreeMap::values).filter_map(|p| Some((p.waits.as_ref()?, &p.pod.name)))
        {
            let entry = kinds.entry(waits.kind()).or_insert_with(|| (0, format!("{name}: {}", waits.words())));
            entry.0 += 1;
        }
        let all: Vec<String> = kinds
            .into_values()
            .map(|(count, one)| if count > 1 { format!("{one} (and {} more pods)", count - 1) } else { one })
            .collect();
        let cannot = self.controller.as_ref().and_then(|c| c.cannot.clone());
        let all: Vec<String> = cannot.into_iter().chain(all).collect();
        if all.is_empty() { "no pod says what it waits for".to_owned() } else { all.join("; ") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pod(name: &str, uid: &str, waiting: Option<&str>) -> LivePod {
        let state = waiting.map_or_else(|| json!({"running": {}}), |reason| json!({"waiting": {"reason": reason}}));
        let ready = if waiting.is_none() { "True" } else { "False" };
        live_pod(&json!({
            "metadata": {"name": name, "uid": uid},
            "spec": {"containers": [{"name": "a"}, {"name": "b"}]},
            "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": ready}],
                "containerStatuses": [{"name": "a", "ready": true},
                    {"name": "b", "ready": waiting.is_none(), "state": state}]},
        }))
    }

    #[test]
    fn pods_come_change_and_go_by_what_they_are_and_not_by_name_alone() {
        let mut scene = Scene::default();
        scene.pod(Change::All(vec![pod("s-0", "1", None), pod("s-1", "2", None)]));
        scene.pod(Change::One(pod("s-0", "3", Some("ImagePullBackOff"))));
        scene.pod(Change::Gone(pod("s-0", "1", None)));
        assert_eq!(scene.living().count(), 2, "the one of before is gone, and not the new one");
        let view = scene.view((2, 1), String::new(), None, &|p| p.pod.uid == "3");
        let of = |name: &str| view.pods.iter().find(|p| p.name == name).unwrap();
        assert_eq!((of("s-0").containers.to_string(), of("s-0").ready, of("s-0").new), ("1/2".to_owned(), false, true));
        assert!(of("s-1").ready && !of("s-1").new);
        assert!(scene.waits().contains("s-0: image pull of b"), "{}", scene.waits());
        scene.pod(Change::Gone(pod("s-0", "3", None)));
        assert_eq!(scene.living().count(), 1);
    }

    #[test]
    fn many_pods_that_wait_for_the_same_are_one_line() {
        let mut scene = Scene::default();
        let all = (0..300).map(|n| pod(&format!("p-{n:03}"), &n.to_string(), Some("ImagePullBackOff")));
        scene.pod(Change::All(all.collect()));
        let waits = scene.waits();
        assert!(waits.contains("(and 299 more pods)") && waits.len() < 120, "{waits}");
    }

    #[test]
    fn a_pod_that_ended_for_good_holds_no_roll_out_up() {
        let mut ended = pod("p", "1", None);
        "Failed".clone_into(&mut ended.pod.phase);
        let mut scene = Scene::default();
        scene.pod(Change::All(vec![ended, pod("q", "2", None)]));
        assert_eq!(scene.living().count(), 1);
        assert_eq!(scene.view((1, 1), String::new(), None, &|_| true).pods.len(), 1);
    }
}
