//! Workloads: what makes pods from templates.

use serde_json::Value;

use super::{
    metadata,
    pods::{self, not_negative, one_of},
};
use crate::objects::{json as j, problems::Problem, schedule::Schedule, selector};

/// Longest name of a `CronJob`: its jobs' are eleven characters longer.
const LONGEST_CRON: usize = 52;
const FOREVER: [&str; 1] = ["Always"];
const TASK: [&str; 2] = ["OnFailure", "Never"];

/// Checks a workload.
pub(super) fn check(kind: &str, object: &Value, problems: &mut Vec<Problem>) {
    match kind {
        "Job" => job(j::at(object, "/spec"), "spec", problems),
        "CronJob" => cron(object, problems),
        _ => server(kind, object, problems),
    }
}

fn server(kind: &str, object: &Value, problems: &mut Vec<Problem>) {
    not_negative(object, "/spec/replicas", "spec.replicas", problems);
    not_negative(object, "/spec/minReadySeconds", "spec.minReadySeconds", problems);
    not_negative(object, "/spec/revisionHistoryLimit", "spec.revisionHistoryLimit", problems);
    let labels = j::at(object, "/spec/template/metadata/labels");
    let selector = j::at(object, "/spec/selector");
    if kind != "ReplicationController" {
        if selector.is_null() {
            problems.push(Problem::required("spec.selector", ""));
        } else if selector.as_object().is_some_and(serde_json::Map::is_empty) {
            let why = format!("empty selector is invalid for {}", kind.to_lowercase());
            problems.push(Problem::invalid("spec.selector", selector, &why));
        } else if !selector::matches_label_selector(selector, labels) {
            let (none, why) = (serde_json::json!({}), "`selector` does not match template `labels`");
            let labels = if labels.is_null() { &none } else { labels };
            problems.push(Problem::invalid("spec.template.metadata.labels", labels, why));
        }
    }
    metadata::labels(labels, "spec.template.metadata.labels", problems);
    let claims: Vec<&str> = j::items(object, "/spec/volumeClaimTemplates").iter().map(j::name).collect();
    pods::check(j::at(object, "/spec/template/spec"), "spec.template.spec", &FOREVER, &claims, problems);
    if kind == "Deployment" {
        let way = j::at(object, "/spec/strategy/type");
        one_of("spec.strategy.type".to_owned(), way, &["Recreate", "RollingUpdate"], problems);
        if way == "Recreate" && !j::at(object, "/spec/strategy/rollingUpdate").is_null() {
            let why = "may not be specified when strategy `type` is 'Recreate'";
            problems.push(Problem::forbidden("spec.strategy.rollingUpdate", why));
        }
    }
    if matches!(kind, "DaemonSet" | "StatefulSet") {
        let way = j::at(object, "/spec/updateStrategy/type");
        one_of("spec.updateStrategy.type".to_owned(), way, &["OnDelete", "RollingUpdate"], problems);
    }
}

fn job(spec: &Value, field: &str, problems: &mut Vec<Problem>) {
    for member in ["parallelism", "completions", "backoffLimit", "activeDeadlineSeconds", "ttlSecondsAfterFinished"] {
        not_negative(spec, &format!("/{member}"), &format!("{field}.{member}"), problems);
    }
    let template = j::at(spec, "/template/spec");
    let field = format!("{field}.template.spec");
    if matches!(j::text(template, "/restartPolicy"), "" | "Always") {
        let why = "valid values: \"OnFailure\", \"Never\"";
        problems.push(Problem::required(format!("{field}.restartPolicy"), why));
        let mut others = Vec::new();
        pods::check(template, &field, &["Always"], &[], &mut others);
        problems.extend(others);
        return;
    }
    pods::check(template, &field, &TASK, &[], problems);
}

fn cron(object: &Value, problems: &mut Vec<Problem>) {
    let name = j::name(object);
    if name.len() > LONGEST_CRON {
        let why = format!("must be no more than {LONGEST_CRON} characters");
        problems.push(Problem::invalid("metadata.name", &name.into(), &why));
    }
    let schedule = j::text(object, "/spec/schedule");
    if schedule.is_empty() {
        problems.push(Problem::required("spec.schedule", ""));
    } else if Schedule::parse(schedule).is_none() {
        let fields: Vec<&str> = schedule.split_whitespace().collect();
        let why = if fields.len() == 5 {
            format!("failed to parse schedule {schedule}")
        } else {
            format!("expected exactly 5 fields, found {}: [{}]", fields.len(), fields.join(" "))
        };
        problems.push(Problem::invalid("spec.schedule", &schedule.into(), &why));
    }
    let policy = j::at(object, "/spec/concurrencyPolicy");
    one_of("spec.concurrencyPolicy".to_owned(), policy, &["Allow", "Forbid", "Replace"], problems);
    for member in ["startingDeadlineSeconds", "successfulJobsHistoryLimit", "failedJobsHistoryLimit"] {
        not_negative(object, &format!("/spec/{member}"), &format!("spec.{member}"), problems);
    }
    job(j::at(object, "/spec/jobTemplate/spec"), "spec.jobTemplate.spec", problems);
}
