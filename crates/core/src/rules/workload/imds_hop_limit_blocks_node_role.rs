//! The pod needs the node's role and cannot reach it.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW034",
        name: "imds-hop-limit-blocks-node-role",
        summary: "The pod needs the node's role and cannot reach it",
        link: Link::Workload,
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
        citation: "EC2 User Guide, \"Configure the instance metadata options\"",
        since: "0.1.0",
        repair: Repair::Manual,
        doc: r#"## What it checks

The pod needs the node's role and cannot reach it.

## Why it breaks

With a hop limit of 1 the metadata service does not answer containers.

## Evidence

The logs, and environment, volumes and network policies of the pods. What cannot be read leaves the rule undetermined.

## Repair

Give the service account a role. A person has to do this.

## References

- EC2 User Guide, "Configure the instance metadata options""#,
    },
    groups: &[judge::reach],
};
