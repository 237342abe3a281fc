//! Jobs: pods until enough have succeeded, or too many have failed.

use std::sync::Arc;

use serde_json::{Value, json};

use super::common::{Context, condition, is_active, is_ready, owned, unless_zero, with_condition};
use crate::objects::{address::Gvr, errors::ApiError, json as j, names::stamp};

const CONTROLLER: &str = "job-controller";

/// One step towards what is wanted.
pub(crate) async fn reconcile(ctx: &Context, job: &Arc<Value>) -> Result<(), ApiError> {
    if condition(job, "Complete") || condition(job, "Failed") {
        return Ok(());
    }
    let pods = owned(&ctx.store, &Gvr::core("pods"), job);
    let ended = |phase: &str| pods.iter().filter(|p| j::text(p, "/status/phase") == phase).count();
    let (succeeded, failed) = (ended("Succeeded"), ended("Failed"));
    let mut active = pods.iter().filter(|pod| is_active(pod)).count();
    let number = |pointer: &str, default: i64| usize::try_from(j::int(job, pointer).unwrap_or(default)).unwrap_or(0);
    let parallel = number("/spec/parallelism", 1);
    // Without a number one success does, once nothing runs any more.
    let counted = !j::at(job, "/spec/completions").is_null();
    let completions = if counted { number("/spec/completions", 1) } else { parallel.max(succeeded) };
    let exhausted = failed > number("/spec/backoffLimit", 6);
    let suspended = j::at(job, "/spec/suspend") == true;
    let wanted = if counted || succeeded == 0 { parallel.min(completions.saturating_sub(succeeded)) } else { active };
    let done = if counted { succeeded >= completions } else { succeeded > 0 && active == 0 };
    let mut failure = None;
    if !exhausted && !suspended {
        while active < wanted {
            if let Err(error) = ctx.create_pod(job, Context::pod_from(job), CONTROLLER).await {
                failure = Some(error);
                break;
            }
            active += 1;
        }
    }
    let now = stamp(ctx.store.now());
    let started = match j::text(job, "/status/startTime") {
        "" => now.clone(),
        start => start.to_owned(),
    };
    let mut status = json!({
        "startTime": started,
        "active": unless_zero(if exhausted { 0 } else { active }),
        "ready": pods.iter().filter(|pod| is_ready(pod)).count(),
        "succeeded": unless_zero(succeeded),
        "failed": unless_zero(failed),
    });
    if exhausted {
        for pod in pods.iter().filter(|pod| is_active(pod)) {
            ctx.delete_pod(job, pod, CONTROLLER);
        }
        let message = "Job has reached the specified backoff limit";
        let failed = with_condition(job, "Failed", true, "BackoffLimitExceeded", message, &ctx.store);
        j::put(&mut status, "/conditions", json!([failed]));
    } else if done {
        let message = "Reached expected number of succeeded pods";
        let done = with_condition(job, "Complete", true, "CompletionsReached", message, &ctx.store);
        j::put(&mut status, "/conditions", json!([done]));
        j::put(&mut status, "/completionTime", now.into());
    }
    ctx.set_status(&Gvr::new("batch", "v1", "jobs"), job, &status);
    failure.map_or(Ok(()), Err)
}
