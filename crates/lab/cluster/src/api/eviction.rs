//! Evictions, which disruption budgets may refuse (Kubernetes documentation, "API-initiated Eviction"; the order of the
//! checks is that of the API server's `registry/core/pod/storage/eviction.go`).

use serde_json::{Value, json};

use crate::{
    controllers::{budgets, is_ready, selects},
    objects::{address::Key, errors::ApiError, json as j, names::stamp},
    store::Store,
};

/// Deletes a pod if its budget lets it go.
pub(crate) fn evict(store: &Store, key: &Key, eviction: &Value, dry_run: bool) -> Result<(), ApiError> {
    if j::name(eviction) != key.name {
        return Err(ApiError::bad_request("name in URL does not match name in Eviction object"));
    }
    let pod = store.get(key).ok_or_else(|| ApiError::not_found(&key.gvr, &key.name))?;
    let wanted = j::text(eviction, "/deleteOptions/preconditions/uid");
    if !wanted.is_empty() && wanted != j::uid(&pod) {
        return Err(ApiError::other_pod(&key.name, wanted, j::uid(&pod)));
    }
    let ended = matches!(j::text(&pod, "/status/phase"), "Succeeded" | "Failed" | "Pending");
    if !ended && j::at(&pod, "/metadata/deletionTimestamp").is_null() {
        let all = store.list(&budgets(), Some(j::namespace(&pod))).1;
        let mut over = all.iter().filter(|budget| selects(budget, &pod));
        if let Some(budget) = over.next() {
            if over.next().is_some() {
                return Err(ApiError::internal(
                    "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
                ));
            }
            take(store, budget, &pod, dry_run)?;
        }
    }
    if !dry_run {
        store.delete(key)?;
    }
    Ok(())
}

/// Takes one disruption from a budget, or says why there is none.
fn take(store: &Store, budget: &Value, pod: &Value, dry_run: bool) -> Result<(), ApiError> {
    let number = |at: &str| j::int(budget, at).unwrap_or(0);
    let (needs, has) = (number("/status/desiredHealthy"), number("/status/currentHealthy"));
    let always = j::text(budget, "/spec/unhealthyPodEvictionPolicy") == "AlwaysAllow";
    if !is_ready(pod) && (always || (has >= needs && needs > 0)) {
        return Ok(());
    }
    let name = j::name(budget);
    if number("/status/observedGeneration") < number("/metadata/generation") {
        return Err(ApiError::disruption(&format!(
            "The disruption budget {name} is still being processed by the server."
        )));
    }
    let none = || {
        ApiError::disruption(&format!(
            "The disruption budget {name} needs {needs} healthy pods and has {has} currently"
        ))
    };
    if dry_run {
        return if number("/status/disruptionsAllowed") > 0 { Ok(()) } else { Err(none()) };
    }
    let now = stamp(store.now());
    store
        .try_update(&Key::of(&budgets(), budget), |budget| {
            let allowed = j::int(budget, "/status/disruptionsAllowed").unwrap_or(0);
            if allowed <= 0 {
                return Err(none());
            }
            j::put(budget, "/status/disruptionsAllowed", (allowed - 1).into());
            let mut going = j::at(budget, "/status/disruptedPods").clone();
            j::object(&mut going).insert(j::name(pod).to_owned(), json!(now));
            j::put(budget, "/status/disruptedPods", going);
            Ok(())
        })
        .map(drop)
}
