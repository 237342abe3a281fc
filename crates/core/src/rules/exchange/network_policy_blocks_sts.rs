//! A `NetworkPolicy` keeps the pods from STS.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW051",
        name: "network-policy-blocks-sts",
        summary: "A NetworkPolicy keeps the pods from STS",
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
        citation: "Kubernetes documentation, \"Network Policies\"",
        since: "0.1.0",
        repair: Repair::Manual,
        doc: r#"## What it checks

A NetworkPolicy keeps the pods from STS.

## Why it breaks

Egress is limited to addresses STS does not have.

## Evidence

The logs, and environment, volumes and network policies of the pods. What cannot be read leaves the rule undetermined.

## Repair

Allow port 443 to STS. A person has to do this.

## References

- Kubernetes documentation, "Network Policies""#,
    },
    groups: &[judge::reach],
};
