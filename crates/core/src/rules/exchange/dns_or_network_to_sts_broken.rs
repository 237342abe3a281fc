//! STS cannot be reached.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW030",
        name: "dns-or-network-to-sts-broken",
        summary: "STS cannot be reached",
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
        masked_by: &["token-expired-during-retries"],
        citation: "EKS User Guide, troubleshooting IAM",
        since: "0.1.0",
        repair: Repair::Manual,
        doc: r"## What it checks

STS cannot be reached.

## Why it breaks

The request never arrived at STS.

## Evidence

The logs, and environment, volumes and network policies of the pods. What cannot be read leaves the rule undetermined.

## Repair

Repair DNS or the route. A person has to do this.

## References

- EKS User Guide, troubleshooting IAM",
    },
    groups: &[judge::reach],
};
