//! The client calls the global STS endpoint from a network that does not reach it.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW016",
        name: "sts-global-endpoint-in-private-network",
        summary: "The client calls the global STS endpoint from a network that does not reach it",
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
        citation: "EKS User Guide, \"Configure the AWS STS endpoint for a service account\"",
        since: "0.1.0",
        repair: Repair::Manual,
        doc: r#"## What it checks

Whether the client called `sts.amazonaws.com` and got no answer.

## Why it breaks

A private network has an interface endpoint for STS of its region only. The global name resolves to public addresses that have no route from there, so the call waits until it times out. Old SDKs, and containers without `AWS_STS_REGIONAL_ENDPOINTS=regional` and a region, use the global name.

## Evidence

The host and the kind of failure in the log. Without logs it is undetermined. By hand: `kubectl exec POD -- env | grep -E STS_REGIONAL\|AWS_REGION`, and `curl -sv https://sts.REGION.amazonaws.com` from a pod.

## Repair

Use the regional endpoint. A person has to do this.

## References

- EKS User Guide, "Configure the AWS STS endpoint for a service account""#,
    },
    groups: &[judge::reach],
};
