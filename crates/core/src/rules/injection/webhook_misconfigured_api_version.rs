//! The webhook is registered for an old review version.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW101",
        name: "webhook-misconfigured-api-version",
        summary: "The webhook is registered for an old review version",
        link: Link::Injection,
        severity: Severity::Error,
        needs: &[
            Kind::Workload,
            Kind::Pods,
            Kind::Logs,
            Kind::ServiceAccount,
            Kind::Webhooks,
            Kind::InjectionProbe,
            Kind::Associations,
            Kind::PodIdentityAgent,
            Kind::Exchange,
            Kind::Trail,
        ],
        masked_by: &[],
        citation: "Kubernetes documentation, \"Dynamic Admission Control\"",
        since: "0.1.0",
        repair: Repair::Manual,
        doc: r#"## What it checks

The webhook is registered for an old review version.

## Why it breaks

The API server no longer speaks it.

## Evidence

The pods as admitted, the service account, the webhooks, and a dry run of a new pod. What cannot be read leaves the rule undetermined.

## Repair

Register v1. A person has to do this.

## References

- Kubernetes documentation, "Dynamic Admission Control""#,
    },
    groups: &[judge::injection],
};
