//! `sts-global-endpoint-in-private-network`: sts.amazonaws.com called from a subnet that has only a regional endpoint.

use crate::judge;
use crate::rules::rule;

rule! {
    StsGlobalEndpointInPrivateNetwork,
    code: "TW016",
    name: "sts-global-endpoint-in-private-network",
    summary: "sts.amazonaws.com called from a subnet that has only a regional endpoint",
    link: Exchange,
    needs: [Associations, Cluster, Exchange, Job, Logs, NetworkPolicies, Pods, ServiceAccount, Trail, Workload],
    citation: "AWS SDKs reference guide, credential provider chain; EKS User Guide",
    repair: Manual,
    judge: [judge::reach],
    doc: "## What it checks

Sts.amazonaws.com called from a subnet that has only a regional endpoint.

## Why it breaks

The exchange happens only if the SDK finds the injected identity first and reaches STS from where the workload runs.

## Evidence

Associations, Cluster, Exchange, Job, Logs, NetworkPolicies, Pods, ServiceAccount, Trail, Workload: what was read of each, side by side in the finding's proof.

## Repair

The finding names the exact command or patch for the objects at hand.

## References

AWS SDKs reference guide, credential provider chain; EKS User Guide",
}
