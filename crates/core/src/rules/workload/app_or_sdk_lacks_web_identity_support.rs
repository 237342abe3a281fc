//! `app-or-sdk-lacks-web-identity-support`: SDK older than web identity support; no WebIdentity provider in the chain error.

use crate::judge;
use crate::rules::rule;

rule! {
    AppOrSdkLacksWebIdentitySupport,
    code: "TW011",
    name: "app-or-sdk-lacks-web-identity-support",
    summary: "SDK older than web identity support; no WebIdentity provider in the chain error",
    link: Workload,
    needs: [Associations, Cluster, Exchange, Job, Logs, NetworkPolicies, Pods, ServiceAccount, Trail, Workload],
    citation: "AWS SDKs reference guide, credential provider chain; EKS User Guide",
    repair: Manual,
    judge: [judge::reach],
    doc: "## What it checks

SDK older than web identity support; no WebIdentity provider in the chain error.

## Why it breaks

The exchange happens only if the SDK finds the injected identity first and reaches STS from where the workload runs.

## Evidence

Associations, Cluster, Exchange, Job, Logs, NetworkPolicies, Pods, ServiceAccount, Trail, Workload: what was read of each, side by side in the finding's proof.

## Repair

The finding names the exact command or patch for the objects at hand.

## References

AWS SDKs reference guide, credential provider chain; EKS User Guide",
}
