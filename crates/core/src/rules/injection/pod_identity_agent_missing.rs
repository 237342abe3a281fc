//! No Pod Identity agent runs.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW086",
        name: "pod-identity-agent-missing",
        summary: "No Pod Identity agent runs",
        link: Link::Injection,
        severity: Severity::Error,
        needs: &[
            Kind::Workload,
            Kind::Pods,
            Kind::Logs,
            Kind::ServiceAccount,
            Kind::Webhooks,
            Kind::InjectionProbe,
            Kind::NetworkPolicies,
            Kind::Associations,
            Kind::PodIdentityAgent,
            Kind::Cluster,
            Kind::Exchange,
            Kind::Trail,
            Kind::Job,
        ],
        masked_by: &[],
        citation: "EKS User Guide, \"Set up the Amazon EKS Pod Identity Agent\"",
        since: "0.1.0",
        repair: Repair::Manual,
        doc: r#"## What it checks

No Pod Identity agent runs.

## Why it breaks

It hands out the credentials.

## Evidence

The pods as admitted, the service account, the webhooks, and a dry run of a new pod; The logs, and environment, volumes and network policies of the pods. What cannot be read leaves the rule undetermined.

## Repair

Install the add-on. A person has to do this.

## References

- EKS User Guide, "Set up the Amazon EKS Pod Identity Agent""#,
    },
    groups: &[judge::injection, judge::reach],
};
