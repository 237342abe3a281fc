//! A Unix path was injected into a Windows pod.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW103",
        name: "windows-token-path",
        summary: "A Unix path was injected into a Windows pod",
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
        citation: "amazon-eks-pod-identity-webhook README",
        since: "0.1.0",
        repair: Repair::Manual,
        doc: r"## What it checks

A Unix path was injected into a Windows pod.

## Why it breaks

The webhook goes by the node selector.

## Evidence

The logs, and environment, volumes and network policies of the pods. What cannot be read leaves the rule undetermined.

## Repair

Set the node selector. A person has to do this.

## References

- amazon-eks-pod-identity-webhook README",
    },
    groups: &[judge::reach],
};
