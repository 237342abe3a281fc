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

Whether a pod without an identity of its own gets no answer from the instance metadata service.

## Why it breaks

With `HttpPutResponseHopLimit` 1 the answer to a token request ends at the node and never reaches a container behind its bridge. Pods that lived on the node's role lose it when nodes with that default come up (newer images, Karpenter's EC2NodeClass).

## Evidence

The time-out at 169.254.169.254 in the log, and that no role was injected. The limit itself is a setting of the instance and not read. By hand: `aws ec2 describe-instances --instance-ids ID --query Reservations[].Instances[].MetadataOptions`.

## Repair

Give the service account a role. A person has to do this.

## References

- EC2 User Guide, "Configure the instance metadata options""#,
    },
    groups: &[judge::reach],
};
