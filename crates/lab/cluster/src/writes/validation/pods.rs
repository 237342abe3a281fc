//! Pods and the templates of pods.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{metadata, words};
use crate::objects::{json as j, problems::Problem};

const PROTOCOLS: [&str; 3] = ["SCTP", "TCP", "UDP"];
const PULL: [&str; 3] = ["Always", "IfNotPresent", "Never"];
const DNS: [&str; 4] = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];
const RANGE: &str = "must be between 1 and 65535, inclusive";

/// Says that a value is none of those there are, if it is there.
pub(super) fn one_of(field: String, value: &Value, known: &[&str], problems: &mut Vec<Problem>) {
    if value.as_str().is_some_and(|text| !text.is_empty() && !known.contains(&text)) {
        problems.push(Problem::unsupported(field, value, known));
    }
}

/// Says that a number is below zero.
pub(super) fn not_negative(object: &Value, at: &str, field: &str, problems: &mut Vec<Problem>) {
    if j::int(object, at).is_some_and(|n| n < 0) {
        problems.push(Problem::invalid(field, j::at(object, at), "must be greater than or equal to 0"));
    }
}

/// Checks a pod's spec; `claims` are names of volumes that a `StatefulSet` adds.
pub(super) fn check(spec: &Value, field: &str, restarts: &[&str], claims: &[&str], problems: &mut Vec<Problem>) {
    let mut volumes: BTreeSet<&str> = BTreeSet::new();
    for (index, volume) in j::items(spec, "/volumes").iter().enumerate() {
        let (name, place) = (j::text(volume, "/name"), format!("{field}.volumes[{index}].name"));
        if name.is_empty() {
            problems.push(Problem::required(place, ""));
        } else if let Some(why) = words::dns_label(name) {
            problems.push(Problem::invalid(place, &name.into(), &why));
        } else if !volumes.insert(name) {
            problems.push(Problem::duplicate(place, &name.into()));
        }
    }
    volumes.extend(claims);
    let mut names = BTreeSet::new();
    if j::items(spec, "/containers").is_empty() {
        problems.push(Problem::required(format!("{field}.containers"), ""));
    }
    for list in ["containers", "initContainers"] {
        for (index, container) in j::items(spec, &format!("/{list}")).iter().enumerate() {
            self::container(container, &format!("{field}.{list}[{index}]"), &mut names, &volumes, problems);
        }
    }
    one_of(format!("{field}.restartPolicy"), j::at(spec, "/restartPolicy"), restarts, problems);
    one_of(format!("{field}.dnsPolicy"), j::at(spec, "/dnsPolicy"), &DNS, problems);
    not_negative(spec, "/terminationGracePeriodSeconds", &format!("{field}.terminationGracePeriodSeconds"), problems);
    metadata::labels(j::at(spec, "/nodeSelector"), &format!("{field}.nodeSelector"), problems);
    let account = j::text(spec, "/serviceAccountName");
    if let Some(why) = words::subdomain(account).filter(|_| !account.is_empty()) {
        problems.push(Problem::invalid(format!("{field}.serviceAccountName"), &account.into(), &why));
    }
}

fn container<'v>(
    container: &'v Value,
    field: &str,
    names: &mut BTreeSet<&'v str>,
    volumes: &BTreeSet<&str>,
    problems: &mut Vec<Problem>,
) {
    let name = j::text(container, "/name");
    if name.is_empty() {
        problems.push(Problem::required(format!("{field}.name"), ""));
    } else if let Some(why) = words::dns_label(name) {
        problems.push(Problem::invalid(format!("{field}.name"), &name.into(), &why));
    } else if !names.insert(name) {
        problems.push(Problem::duplicate(format!("{field}.name"), &name.into()));
    }
    if j::text(container, "/image").is_empty() {
        problems.push(Problem::required(format!("{field}.image"), ""));
    }
    ports(container, field, problems);
    for (index, entry) in j::items(container, "/env").iter().enumerate() {
        if j::text(entry, "/name").is_empty() {
            problems.push(Problem::required(format!("{field}.env[{index}].name"), ""));
        }
        if !j::text(entry, "/value").is_empty() && !j::at(entry, "/valueFrom").is_null() {
            let why = "may not be specified when `value` is not empty";
            problems.push(Problem::invalid(format!("{field}.env[{index}].valueFrom"), &"".into(), why));
        }
    }
    let mut paths = BTreeSet::new();
    for (index, mount) in j::items(container, "/volumeMounts").iter().enumerate() {
        let here = format!("{field}.volumeMounts[{index}]");
        let (name, path) = (j::text(mount, "/name"), j::text(mount, "/mountPath"));
        if name.is_empty() {
            problems.push(Problem::required(format!("{here}.name"), ""));
        } else if !volumes.contains(name) {
            problems.push(Problem::not_found(format!("{here}.name"), &name.into()));
        }
        if path.is_empty() {
            problems.push(Problem::required(format!("{here}.mountPath"), ""));
        } else if !paths.insert(path) {
            problems.push(Problem::invalid(format!("{here}.mountPath"), &path.into(), "must be unique"));
        }
    }
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
        let asked = j::at(container, &format!("/{probe}"));
        let handled = ["exec", "httpGet", "tcpSocket", "grpc"].iter().any(|way| asked.get(*way).is_some());
        if !asked.is_null() && !handled {
            problems.push(Problem::required(format!("{field}.{probe}"), "must specify a handler type"));
        }
    }
    one_of(format!("{field}.imagePullPolicy"), j::at(container, "/imagePullPolicy"), &PULL, problems);
}

fn ports(container: &Value, field: &str, problems: &mut Vec<Problem>) {
    let mut names = BTreeSet::new();
    for (index, port) in j::items(container, "/ports").iter().enumerate() {
        let here = format!("{field}.ports[{index}]");
        let name = j::text(port, "/name");
        if !name.is_empty() {
            if let Some(why) = words::port_name(name) {
                problems.push(Problem::invalid(format!("{here}.name"), &name.into(), why));
            } else if !names.insert(name) {
                problems.push(Problem::duplicate(format!("{here}.name"), &name.into()));
            }
        }
        match j::int(port, "/containerPort").unwrap_or(0) {
            0 => problems.push(Problem::required(format!("{here}.containerPort"), "")),
            number => in_range(format!("{here}.containerPort"), number, problems),
        }
        if let Some(number) = j::int(port, "/hostPort").filter(|n| *n != 0) {
            in_range(format!("{here}.hostPort"), number, problems);
        }
        one_of(format!("{here}.protocol"), j::at(port, "/protocol"), &PROTOCOLS, problems);
    }
}

/// Says that a number is no port's.
pub(super) fn in_range(field: String, number: i64, problems: &mut Vec<Problem>) {
    if !(1..=65_535).contains(&number) {
        problems.push(Problem::invalid(field, &number.into(), RANGE));
    }
}
