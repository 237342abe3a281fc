//! The container does not trust STS's certificate.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW065",
        name: "ca-bundle-missing-in-container",
        summary: "The container does not trust STS's certificate",
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

The container does not trust STS's certificate.

## Why it breaks

The image has no CA certificates.

## Evidence

The logs, and environment, volumes and network policies of the pods. What cannot be read leaves the rule undetermined.

## Repair

Install them. A person has to do this.

## References

- AWS SDKs and Tools reference",
    },
    groups: &[judge::reach],
};
