//! Pods that are laid in a store before anybody watches it.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    Store,
    history::History,
    packed::{Held, Packed},
    resting::Resting,
};
use crate::objects::{
    address::{Gvr, Key},
    errors::ApiError,
    names::{new_suffix, new_uid},
    size::weigh,
};

impl Store {
    /// Adds so many pods, named after the set that owns them, which no watch hears of: as if they had been there long
    /// before whoever watches.
    pub(crate) fn lay(&self, set: &str, resting: Resting, count: usize) -> Result<(), ApiError> {
        let gvr = Gvr::core("pods");
        let sample = resting.pod(&format!("{set}-{}", new_suffix()), &new_uid(), 0, 0);
        let (namespace, bytes) = (Key::of(&gvr, &sample).namespace, weigh(&sample)?);
        let Held::Packed(first) = Held::of(Arc::new(sample), bytes) else {
            return Err(ApiError::internal("pods that are laid are at rest"));
        };
        let resting = Arc::new(resting);
        let nowhere: Arc<str> = "".into();
        let mut state = self.write();
        for turn in 0..count {
            let node = turn.checked_rem(resting.nodes.len()).unwrap_or(0);
            let named = resting.nodes.get(node).map_or(&nowhere, |(name, _)| name);
            let all = state.objects.get(&gvr);
            let taken = |name: &String| all.is_some_and(|all| all.contains_key(&(namespace.clone(), name.clone())));
            let Some(name) = free(set, taken) else { continue };
            state.fit(0, bytes)?;
            state.version += 1;
            let own = (name.clone(), new_uid());
            let packed: Packed = first.like(&resting, own, (node, Arc::clone(named)), state.version);
            let place = (namespace.clone(), name);
            let pods: &mut BTreeMap<_, _> = state.objects.entry(gvr.clone()).or_default();
            pods.insert(place, Held::Packed(Arc::new(packed)));
        }
        state.history = History::from(state.version);
        self.0.changes.send_replace(state.version);
        Ok(())
    }
}

/// A name that is not taken: some of thousands meet.
fn free(set: &str, taken: impl Fn(&String) -> bool) -> Option<String> {
    /// Names that are tried.
    const ATTEMPTS: usize = 8;
    (0..ATTEMPTS).map(|_| format!("{set}-{}", new_suffix())).find(|name| !taken(name))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        objects::json as j,
        store::{AT_REST, Seen},
    };

    fn well(pod: &mut Value, host: &str, since: Timestamp) {
        let ready = json!({"type": "Ready", "status": "True", "lastTransitionTime": since.to_string()});
        j::put(pod, "/status", json!({"phase": "Running", "hostIP": host, "conditions": [ready]}));
    }

    fn laid(nodes: &[&str], count: usize) -> Store {
        let store = Store::new(Arc::new(|| Timestamp::UNIX_EPOCH));
        let owner = |uid: &str, controller: bool| json!({"kind": "ReplicaSet", "uid": uid, "controller": controller});
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {
                "namespace": "a", "annotations": {AT_REST: "true"},
                "ownerReferences": [owner("set", true), owner("other", false)],
            },
            "spec": {"containers": [{"name": "app", "image": "app"}]},
        });
        let nodes = nodes.iter().map(|name| (Arc::from(*name), format!("{name}.address"))).collect();
        store.lay("app", Resting { pod, nodes, since: Timestamp::UNIX_EPOCH, well }, count).unwrap();
        store
    }

    /// What is seen of objects is what they are.
    fn sees(all: &[Seen]) {
        for seen in all {
            let whole = seen.whole();
            assert_eq!(seen.uid(), j::uid(&whole));
            assert_eq!(seen.owner(), "set");
            assert!(seen.0.is_owned_by("set") && seen.0.is_owned_by("other") && !seen.0.is_owned_by(""));
            assert_eq!(seen.node(), j::text(&whole, "/spec/nodeName"));
            let phase = j::text(&whole, "/status/phase");
            assert_eq!(seen.is_active(), phase != "Failed");
            assert_eq!((seen.is_ready(), seen.is_up_at_rest()), (phase == "Running", phase == "Running"), "{whole}");
        }
    }

    #[test]
    fn pods_that_were_laid_differ_in_what_is_their_own() {
        let store = laid(&["n1", "n2"], 50);
        let pods = Gvr::core("pods");
        let (version, all) = store.list(&pods, None);
        let different = |at: &str| all.iter().map(|pod| j::text(pod, at)).collect::<std::collections::BTreeSet<_>>();
        for own in ["/metadata/name", "/metadata/uid", "/metadata/resourceVersion"] {
            assert_eq!(different(own).len(), 50, "{own}");
        }
        assert_eq!(version, 50);
        for (node, address) in [("n1", "n1.address"), ("n2", "n2.address")] {
            let on = all.iter().filter(|pod| j::text(pod, "/spec/nodeName") == node).collect::<Vec<_>>();
            assert_eq!(on.len(), 25);
            assert!(on.iter().all(|pod| j::text(pod, "/status/hostIP") == address));
        }
        for pod in &all {
            assert_eq!(store.get(&Key::of(&pods, pod)).as_ref(), Some(pod));
        }
        sees(&store.seen(&pods, Some("a")));
        assert!(store.seen(&pods, Some("b")).is_empty());
    }

    #[test]
    fn pods_without_a_node_wait_for_one() {
        let store = laid(&[], 2);
        let all = store.seen(&Gvr::core("pods"), None);
        assert_eq!(all.len(), 2);
        assert!(all.iter().all(|pod| pod.node().is_empty() && !pod.is_up_at_rest() && pod.is_active()));
    }

    #[test]
    fn what_changes_and_goes_is_counted_as_what_was_laid() {
        let store = laid(&["n1"], 3);
        let pods = Gvr::core("pods");
        let keys: Vec<Key> = store.list(&pods, None).1.iter().map(|pod| Key::of(&pods, pod)).collect();
        let [first, second, _] = keys.as_slice() else { panic!("there are {}", keys.len()) };
        store.update(first, |pod| j::put(pod, "/status/phase", "Failed".into())).unwrap();
        store.update(first, |pod| j::put(pod, "/status/conditions", json!([]))).unwrap();
        sees(&store.seen(&pods, None));
        // Out of rest it is an object as any other.
        store.update(second, |pod| drop(j::remove(pod, "/metadata/annotations"))).unwrap();
        assert!(store.seen(&pods, None).iter().any(|pod| pod.is_ready() && !pod.is_up_at_rest()));
        for key in &keys {
            store.delete(key).unwrap();
        }
        assert_eq!(store.read().bytes, 0);
        assert!(store.owned_by("set").is_empty() && store.inside("a").is_empty());
    }
}
