//! `dns-or-network-to-sts-broken`: dial/resolve errors to STS, before any IAM answer.

use crate::judge;
use crate::rules::rule;

rule! {
    DnsOrNetworkToStsBroken,
    code: "TW030",
    name: "dns-or-network-to-sts-broken",
    summary: "dial/resolve errors to STS, before any IAM answer",
    link: Exchange,
    needs: [Associations, Cluster, Exchange, Job, Logs, NetworkPolicies, Pods, ServiceAccount, Trail, Workload],
    citation: "AWS SDKs reference guide, credential provider chain; EKS User Guide",
    repair: Manual,
    judge: [judge::reach],
    doc: "## What it checks

Dial/resolve errors to STS, before any IAM answer.

## Why it breaks

The exchange happens only if the SDK finds the injected identity first and reaches STS from where the workload runs.

## Evidence

Associations, Cluster, Exchange, Job, Logs, NetworkPolicies, Pods, ServiceAccount, Trail, Workload: what was read of each, side by side in the finding's proof.

## Repair

The finding names the exact command or patch for the objects at hand.

## References

AWS SDKs reference guide, credential provider chain; EKS User Guide",
}
