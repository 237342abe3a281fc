//! `automount-service-account-token-false`: automount off where the app needs a token.

use crate::judge;
use crate::rules::rule;

rule! {
    AutomountServiceAccountTokenFalse,
    code: "TW043",
    name: "automount-service-account-token-false",
    summary: "automount off where the app needs a token",
    link: Injection,
    needs: [Associations, Cluster, Exchange, Job, Logs, NetworkPolicies, Pods, ServiceAccount, Trail, Workload],
    citation: "AWS SDKs reference guide, credential provider chain; EKS User Guide",
    repair: Manual,
    judge: [judge::reach],
    doc: "## What it checks

Automount off where the app needs a token.

## Why it breaks

The exchange happens only if the SDK finds the injected identity first and reaches STS from where the workload runs.

## Evidence

Associations, Cluster, Exchange, Job, Logs, NetworkPolicies, Pods, ServiceAccount, Trail, Workload: what was read of each, side by side in the finding's proof.

## Repair

The finding names the exact command or patch for the objects at hand.

## References

AWS SDKs reference guide, credential provider chain; EKS User Guide",
}
