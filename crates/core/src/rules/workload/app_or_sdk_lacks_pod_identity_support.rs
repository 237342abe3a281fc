//! The SDK does not know the Pod Identity agent.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW027",
        name: "app-or-sdk-lacks-pod-identity-support",
        summary: "The SDK does not know the Pod Identity agent",
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
        citation: "EKS User Guide, \"Use Pod Identity with the AWS SDK\"",
        since: "0.1.0",
        repair: Repair::Manual,
        doc: r#"## What it checks

The SDK does not know the Pod Identity agent.

## Why it breaks

Older SDKs refuse the agent's address.

## Evidence

The logs, and environment, volumes and network policies of the pods. What cannot be read leaves the rule undetermined.

## Repair

Update the SDK. A person has to do this.

## References

- EKS User Guide, "Use Pod Identity with the AWS SDK""#,
    },
    groups: &[judge::reach],
};
