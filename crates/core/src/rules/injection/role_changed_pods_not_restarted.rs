//! The pods have the former role.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW092",
        name: "role-changed-pods-not-restarted",
        summary: "The pods have the former role",
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
        citation: "EKS User Guide, \"Configure Pods to use a Kubernetes service account\"",
        since: "0.1.0",
        repair: Repair::NeedsApproval,
        doc: r#"## What it checks

The pods have the former role.

## Why it breaks

Pods keep what they were made with.

## Evidence

The pods as admitted, the service account, the webhooks, and a dry run of a new pod. What cannot be read leaves the rule undetermined.

## Repair

Recreate them. `trustwalk fix` can do this after approval.

## References

- EKS User Guide, "Configure Pods to use a Kubernetes service account""#,
    },
    groups: &[judge::injection],
};
