//! The VPC endpoint for STS does not answer.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW095",
        name: "sts-vpc-endpoint-blackholed",
        summary: "The VPC endpoint for STS does not answer",
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
        citation: "VPC User Guide, \"Interface endpoints\"",
        since: "0.1.0",
        repair: Repair::Manual,
        doc: r#"## What it checks

The VPC endpoint for STS does not answer.

## Why it breaks

Its security group or route drops the packets.

## Evidence

The logs, and environment, volumes and network policies of the pods. What cannot be read leaves the rule undetermined.

## Repair

Admit port 443. A person has to do this.

## References

- VPC User Guide, "Interface endpoints""#,
    },
    groups: &[judge::reach],
};
