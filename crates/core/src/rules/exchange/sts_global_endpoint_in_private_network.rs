//! The client calls the global STS endpoint from a network that does not reach it.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW016",
        name: "sts-global-endpoint-in-private-network",
        summary: "The client calls the global STS endpoint from a network that does not reach it",
        link: Link::Exchange,
        severity: Severity::Error,
        needs: &[
            Kind::Workload,
            Kind::Pods,
            Kind::Logs,
            Kind::ServiceAccount,
            Kind::NetworkPolicies,
            Kind::Associations,
            Kind::Cluster,
            Kind::Exchange,
            Kind::Trail,
            Kind::Job,
        ],
        masked_by: &[],
        citation: "EKS User Guide, \"Configure the AWS STS endpoint for a service account\"",
        since: "0.1.0",
        repair: Repair::Manual,
        doc: r#"## What it checks

The client calls the global STS endpoint from a network that does not reach it.

## Why it breaks

Private networks have endpoints for regional STS only.

## Evidence

The logs, and environment, volumes and network policies of the pods. What cannot be read leaves the rule undetermined.

## Repair

Use the regional endpoint. A person has to do this.

## References

- EKS User Guide, "Configure the AWS STS endpoint for a service account""#,
    },
    groups: &[judge::reach],
};
