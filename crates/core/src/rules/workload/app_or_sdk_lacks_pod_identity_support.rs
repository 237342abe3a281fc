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

Whether the client refuses the Pod Identity agent's address, or ignores the variables that point to it.

## Why it breaks

SDKs from before Pod Identity accept only loopback hosts in `AWS_CONTAINER_CREDENTIALS_FULL_URI` and refuse 169.254.170.23 by name; older ones do not know the variable's token file. The agent is never called.

## Evidence

The client's own words, or `AWS_CONTAINER_CREDENTIALS_FULL_URI` in the pod beside failures as the node. By hand: the SDK's version in the image against the EKS User Guide's list, and `kubectl exec POD -- env | grep AWS_CONTAINER`.

## Repair

Update the SDK. A person has to do this.

## References

- EKS User Guide, "Use Pod Identity with the AWS SDK""#,
    },
    groups: &[judge::reach],
};
