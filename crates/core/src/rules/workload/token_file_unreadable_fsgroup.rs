//! The container's user may not read the token file.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW001",
        name: "token-file-unreadable-fsgroup",
        summary: "The container's user may not read the token file",
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
        citation: "amazon-eks-pod-identity-webhook issue 8",
        since: "0.1.0",
        repair: Repair::Manual,
        doc: r"## What it checks

The container's user may not read the token file.

## Why it breaks

Before Kubernetes 1.19 a projected token belonged to root with mode 0600. A process that is not root can read it only through a group, which fsGroup sets.

## Evidence

The logs, and environment, volumes and network policies of the pods. What cannot be read leaves the rule undetermined.

## Repair

Set `securityContext.fsGroup` in the pod template. A person has to do this.

## References

- amazon-eks-pod-identity-webhook issue 8",
    },
    groups: &[judge::reach],
};
