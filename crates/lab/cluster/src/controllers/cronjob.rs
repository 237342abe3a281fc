//! `CronJob`s: jobs at their times (Kubernetes documentation, "`CronJob`").

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde_json::{Value, json};

use super::{
    common::{Context, condition, owned, owner_reference},
    events,
};
use crate::{
    objects::{
        address::{Gvr, Key},
        errors::ApiError,
        json as j,
        names::stamp,
        schedule::Schedule,
    },
    store::Store,
};

const CONTROLLER: &str = "cronjob-controller";
/// Jobs kept unless stated: that succeeded, that failed (API reference, `CronJobSpec`).
const KEPT: (i64, i64) = (3, 1);
/// Missed times at most that are looked through.
const MOST_MISSED: usize = 100;

pub(super) fn crons() -> Gvr {
    Gvr::new("batch", "v1", "cronjobs")
}

fn jobs() -> Gvr {
    Gvr::new("batch", "v1", "jobs")
}

fn time(object: &Value, at: &str) -> Option<Timestamp> {
    j::text(object, at).parse().ok()
}

/// Since when times count as missed: the last one, or the birth of the object.
fn since(cron: &Value) -> Option<Timestamp> {
    time(cron, "/status/lastScheduleTime").or_else(|| time(cron, "/metadata/creationTimestamp"))
}

fn zone(cron: &Value) -> TimeZone {
    TimeZone::get(j::text(cron, "/spec/timeZone")).unwrap_or(TimeZone::UTC)
}

fn next(cron: &Value) -> Option<Timestamp> {
    if j::at(cron, "/spec/suspend") == true {
        return None;
    }
    Schedule::parse(j::text(cron, "/spec/schedule"))?.after(since(cron)?, &zone(cron))
}

/// The last time that is due, if any.
fn due(cron: &Value, now: Timestamp) -> Option<Timestamp> {
    let schedule = Schedule::parse(j::text(cron, "/spec/schedule"))?;
    let mut last = None;
    let mut at = next(cron)?;
    for _ in 0..MOST_MISSED {
        if at > now {
            break;
        }
        last = Some(at);
        at = schedule.after(at, &zone(cron))?;
    }
    last
}

/// Shortest wait: where the clock stands still, what is due stays so.
const SHORTEST: Duration = Duration::from_millis(100);
/// Longest wait before the clock is looked at anew: it may have been moved meanwhile.
const LONGEST: Duration = Duration::from_secs(1);

/// Waits until the next of all is due by the store's clock; for ever where none is.
pub(super) async fn until_due(store: &Store) {
    let all = store.list(&crons(), None).1;
    until(store, all.iter().filter_map(|cron| next(cron)).min()).await;
}

/// Waits until a time has come by the store's clock; for ever where there is none.
pub(super) async fn until(store: &Store, at: Option<Timestamp>) {
    let Some(at) = at else { return std::future::pending().await };
    loop {
        let left = Duration::try_from(at.duration_since(store.now())).unwrap_or_default();
        tokio::time::sleep(left.clamp(SHORTEST, LONGEST)).await;
        if left <= LONGEST {
            return;
        }
    }
}

/// Every one.
pub(super) fn all(store: &Store) -> Vec<Key> {
    store.list(&crons(), None).1.iter().map(|cron| Key::of(&crons(), cron)).collect()
}

fn finished(job: &Value) -> bool {
    condition(job, "Complete") || condition(job, "Failed")
}

/// One step towards what is wanted.
pub(super) async fn reconcile(ctx: &Context, cron: &Arc<Value>) -> Result<(), ApiError> {
    let now = ctx.store.now();
    let mut own = owned(&ctx.store, &jobs(), cron);
    tidy(ctx, cron, &own);
    own.retain(|job| !finished(job));
    let mut last = j::at(cron, "/status/lastScheduleTime").clone();
    if let Some(at) = due(cron, now) {
        last = stamp(at).into();
        if let Some(job) = begin(ctx, cron, at, &mut own).await? {
            own.push(job);
        }
    }
    let active: Vec<Value> = own
        .iter()
        .map(|job| {
            json!({"apiVersion": "batch/v1", "kind": "Job", "name": j::name(job), "namespace": j::namespace(job),
                "uid": j::uid(job), "resourceVersion": j::text(job, "/metadata/resourceVersion")})
        })
        .collect();
    let succeeded = owned(&ctx.store, &jobs(), cron);
    let ended =
        succeeded.iter().filter_map(|job| j::at(job, "/status/completionTime").as_str()).max().map(str::to_owned);
    // The object may be gone by now.
    let _ = ctx.store.update(&Key::of(&crons(), cron), |cron| {
        if active.is_empty() {
            j::remove(cron, "/status/active");
        } else {
            j::put(cron, "/status/active", Value::Array(active));
        }
        if !last.is_null() {
            j::put(cron, "/status/lastScheduleTime", last);
        }
        if let Some(ended) = ended {
            j::put(cron, "/status/lastSuccessfulTime", ended.into());
        }
    });
    Ok(())
}

/// Begins the job of a time, unless it is too late for it or another one runs.
async fn begin(
    ctx: &Context,
    cron: &Value,
    at: Timestamp,
    running: &mut Vec<Arc<Value>>,
) -> Result<Option<Arc<Value>>, ApiError> {
    let say =
        |kind: &str, reason: &str, message: &str| events::write(&ctx.store, cron, CONTROLLER, kind, reason, message);
    let late = j::int(cron, "/spec/startingDeadlineSeconds").is_some_and(|seconds| {
        at.checked_add(SignedDuration::from_secs(seconds)).is_ok_and(|end| end < ctx.store.now())
    });
    if late {
        say("Warning", "MissSchedule", &format!("Missed scheduled time to start a job: {}", stamp(at)));
        return Ok(None);
    }
    match j::text(cron, "/spec/concurrencyPolicy") {
        "Forbid" if !running.is_empty() => {
            say(
                "Normal",
                "JobAlreadyActive",
                "Not starting job because prior execution is running and concurrency \
                 policy is Forbid",
            );
            return Ok(None);
        }
        "Replace" => {
            for job in running.drain(..) {
                say("Normal", "SuccessfulDelete", &format!("Deleted job {}", j::name(&job)));
                let _ = ctx.store.delete(&Key::of(&jobs(), &job));
            }
        }
        _ => {}
    }
    let name = format!("{}-{}", j::name(cron), at.as_second() / 60);
    let template = j::at(cron, "/spec/jobTemplate");
    let mut job = json!({
        "metadata": {"name": name, "namespace": j::namespace(cron), "ownerReferences": [owner_reference(cron)]},
        "spec": j::at(template, "/spec"),
    });
    for part in ["labels", "annotations"] {
        let own = j::at(template, &format!("/metadata/{part}"));
        if !own.is_null() {
            j::put(&mut job, &format!("/metadata/{part}"), own.clone());
        }
    }
    let scheduled = "/metadata/annotations/batch.kubernetes.io~1cronjob-scheduled-timestamp";
    j::put(&mut job, scheduled, stamp(at).into());
    match ctx.create(&jobs(), job, CONTROLLER).await {
        Ok(job) => {
            say("Normal", "SuccessfulCreate", &format!("Created job {name}"));
            Ok(Some(job))
        }
        Err(error) if error.reason == "AlreadyExists" => Ok(None),
        Err(error) => {
            say("Warning", "FailedCreate", &format!("Error creating job: {error}"));
            Err(error)
        }
    }
}

/// Takes away the oldest of the jobs that ended.
fn tidy(ctx: &Context, cron: &Value, own: &[Arc<Value>]) {
    for (kind, limit, kept) in
        [("Complete", "/spec/successfulJobsHistoryLimit", KEPT.0), ("Failed", "/spec/failedJobsHistoryLimit", KEPT.1)]
    {
        let kept = usize::try_from(j::int(cron, limit).unwrap_or(kept)).unwrap_or(0);
        let mut ended: Vec<&Arc<Value>> = own.iter().filter(|job| condition(job, kind)).collect();
        ended.sort_by_key(|job| j::text(job, "/metadata/creationTimestamp").to_owned());
        let surplus = ended.len().saturating_sub(kept);
        for job in ended.into_iter().take(surplus) {
            let _ = ctx.store.delete(&Key::of(&jobs(), job));
        }
    }
}
