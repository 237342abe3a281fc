//! The proxy refuses STS.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW087",
        name: "proxy-blocks-sts",
        summary: "The proxy refuses STS",
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
        citation: "AWS SDKs and Tools reference",
        since: "0.1.0",
        repair: Repair::Manual,
        doc: r"## What it checks

The proxy refuses STS.

## Why it breaks

CONNECT was answered with an error.

## Evidence

The logs, and environment, volumes and network policies of the pods. What cannot be read leaves the rule undetermined.

## Repair

Allow the host. A person has to do this.

## References

- AWS SDKs and Tools reference",
    },
    groups: &[judge::reach],
};
