//! Jobs: pods until enough have succeeded, or too many have failed, or their time is over (Kubernetes documentation,
//! "Jobs").

use std::{collections::BTreeSet, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::common::{Context, condition, is_active, is_ready, owned, unless_zero, with_condition};
use crate::{
    objects::{
        address::{Gvr, Key},
        errors::ApiError,
        json as j,
        names::stamp,
    },
    store::Store,
};

const CONTROLLER: &str = "job-controller";
/// Where a pod of an indexed job says which one it is: label and annotation.
const INDEX: &str = "batch.kubernetes.io~1job-completion-index";

fn jobs() -> Gvr {
    Gvr::new("batch", "v1", "jobs")
}

fn later(object: &Value, from: &str, seconds: &str) -> Option<Timestamp> {
    let from: Timestamp = from.parse().ok()?;
    from.checked_add(SignedDuration::from_secs(j::int(object, seconds)?)).ok()
}

/// When a job that has ended goes (`ttlSecondsAfterFinished`).
fn goes(job: &Value) -> Option<Timestamp> {
    let ended = j::items(job, "/status/conditions")
        .iter()
        .find(|c| matches!(j::text(c, "/type"), "Complete" | "Failed") && j::text(c, "/status") == "True")?;
    later(job, j::text(ended, "/lastTransitionTime"), "/spec/ttlSecondsAfterFinished")
}

/// When a job that has not ended fails (`activeDeadlineSeconds`).
fn fails(job: &Value) -> Option<Timestamp> {
    if j::at(job, "/spec/suspend") == true {
        return None;
    }
    later(job, j::text(job, "/status/startTime"), "/spec/activeDeadlineSeconds")
}

fn finished(job: &Value) -> bool {
    condition(job, "Complete") || condition(job, "Failed")
}

/// The next time at which something becomes of one of all jobs by itself.
pub(super) fn next(store: &Store) -> Option<Timestamp> {
    let all = store.list(&jobs(), None).1;
    all.iter().filter_map(|job| if finished(job) { goes(job) } else { fails(job) }).min()
}

/// Those whose time has come.
pub(super) fn due(store: &Store) -> Vec<Key> {
    let now = store.now();
    let all = store.list(&jobs(), None).1;
    let come = |job: &&Arc<Value>| if finished(job) { goes(job) } else { fails(job) }.is_some_and(|at| at <= now);
    all.iter().filter(come).map(|job| Key::of(&jobs(), job)).collect()
}

fn index_of(pod: &Value) -> Option<usize> {
    j::text(pod, &format!("/metadata/annotations/{INDEX}")).parse().ok()
}

/// The pod of one index: it finds it in its name, its host's name, a label, an annotation and a variable.
fn indexed(job: &Value, index: usize) -> Value {
    let mut pod = Context::pod_from(job);
    let name = format!("{}-{index}", j::name(job));
    j::put(&mut pod, "/metadata/generateName", format!("{name}-").into());
    for member in ["labels", "annotations"] {
        j::put(&mut pod, &format!("/metadata/{member}/{INDEX}"), index.to_string().into());
    }
    j::put_default(&mut pod, "/spec/hostname", name.into());
    let field = "metadata.annotations['batch.kubernetes.io/job-completion-index']";
    let variable = json!({"name": "JOB_COMPLETION_INDEX", "valueFrom": {"fieldRef": {"fieldPath": field}}});
    for list in ["/spec/containers", "/spec/initContainers"] {
        for container in pod.pointer_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            let mut env = j::items(container, "/env").to_vec();
            if !env.iter().any(|own| j::text(own, "/name") == "JOB_COMPLETION_INDEX") {
                env.push(variable.clone());
            }
            j::put(container, "/env", env.into());
        }
    }
    pod
}

/// Numbers as a job tells them: `0-2,4` (API reference, `JobStatus.completedIndexes`).
fn ranges(numbers: &BTreeSet<usize>) -> String {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for number in numbers {
        match runs.last_mut() {
            Some((_, end)) if *end + 1 == *number => *end = *number,
            _ => runs.push((*number, *number)),
        }
    }
    let run = |(start, end): &(usize, usize)| match end - start {
        0 => start.to_string(),
        1 => format!("{start},{end}"),
        _ => format!("{start}-{end}"),
    };
    runs.iter().map(run).collect::<Vec<_>>().join(",")
}

/// One step towards what is wanted.
pub(crate) async fn reconcile(ctx: &Context, job: &Arc<Value>) -> Result<(), ApiError> {
    let now = ctx.store.now();
    if finished(job) {
        if goes(job).is_some_and(|at| at <= now) {
            // Its pods go with it; somebody else may have deleted it already.
            let _ = ctx.store.delete(&Key::of(&jobs(), job));
        }
        return Ok(());
    }
    let pods = owned(&ctx.store, &Gvr::core("pods"), job);
    let ended = |phase: &str| pods.iter().filter(|p| j::text(p, "/status/phase") == phase).count();
    let by_index = j::text(job, "/spec/completionMode") == "Indexed";
    let of = |which: &dyn Fn(&Value) -> bool| -> BTreeSet<usize> {
        pods.iter().filter(|pod| which(pod)).filter_map(|pod| index_of(pod)).collect()
    };
    let done_indexes = of(&|pod| j::text(pod, "/status/phase") == "Succeeded");
    let failed = ended("Failed");
    let succeeded = if by_index { done_indexes.len() } else { ended("Succeeded") };
    let mut active = pods.iter().filter(|pod| is_active(pod)).count();
    let number = |pointer: &str, default: i64| usize::try_from(j::int(job, pointer).unwrap_or(default)).unwrap_or(0);
    let parallel = number("/spec/parallelism", 1);
    // Without a number one success does, once nothing runs any more.
    let counted = !j::at(job, "/spec/completions").is_null();
    let completions = if counted { number("/spec/completions", 1) } else { parallel.max(succeeded) };
    let suspended = j::at(job, "/spec/suspend") == true;
    let end = if failed > number("/spec/backoffLimit", 6) {
        Some(("BackoffLimitExceeded", "Job has reached the specified backoff limit"))
    } else if fails(job).is_some_and(|at| at <= now) {
        Some(("DeadlineExceeded", "Job was active longer than specified deadline"))
    } else {
        None
    };
    let wanted = if counted || succeeded == 0 { parallel.min(completions.saturating_sub(succeeded)) } else { active };
    let done = if counted { succeeded >= completions } else { succeeded > 0 && active == 0 };
    let mut failure = None;
    if end.is_none() && !suspended {
        let taken: BTreeSet<usize> = of(&is_active).union(&done_indexes).copied().collect();
        let mut free = (0..completions).filter(|index| !taken.contains(index));
        while active < wanted {
            let pod = match (by_index, free.next()) {
                (true, Some(index)) => indexed(job, index),
                (true, None) => break,
                (false, _) => Context::pod_from(job),
            };
            if let Err(error) = ctx.create_pod(job, pod, CONTROLLER).await {
                failure = Some(error);
                break;
            }
            active += 1;
        }
    }
    let started = match j::text(job, "/status/startTime") {
        "" => stamp(now),
        start => start.to_owned(),
    };
    let mut status = json!({
        "startTime": started,
        "active": unless_zero(if end.is_some() { 0 } else { active }),
        "ready": pods.iter().filter(|pod| is_ready(pod)).count(),
        "succeeded": unless_zero(succeeded),
        "failed": unless_zero(failed),
    });
    if by_index && !done_indexes.is_empty() {
        j::put(&mut status, "/completedIndexes", ranges(&done_indexes).into());
    }
    if let Some((reason, message)) = end {
        for pod in pods.iter().filter(|pod| is_active(pod)) {
            ctx.delete_pod(job, pod, CONTROLLER);
        }
        let failed = with_condition(job, "Failed", true, reason, message, &ctx.store);
        j::put(&mut status, "/conditions", json!([failed]));
    } else if done {
        let message = "Reached expected number of succeeded pods";
        let done = with_condition(job, "Complete", true, "CompletionsReached", message, &ctx.store);
        j::put(&mut status, "/conditions", json!([done]));
        j::put(&mut status, "/completionTime", stamp(now).into());
    }
    ctx.set_status(&jobs(), job, &status);
    failure.map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indexes_are_told_in_runs() {
        assert_eq!(ranges(&BTreeSet::from([0, 1, 2, 4, 6, 7])), "0-2,4,6,7");
        assert_eq!(ranges(&BTreeSet::new()), "");
    }
}
