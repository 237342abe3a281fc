//! `token-file-unreadable-fsgroup`: non-root container, projected token 0600 root, no fsGroup (before Kubernetes 1.19).

use crate::judge;
use crate::rules::rule;

rule! {
    TokenFileUnreadableFsgroup,
    code: "TW001",
    name: "token-file-unreadable-fsgroup",
    summary: "non-root container, projected token 0600 root, no fsGroup (before Kubernetes 1.19)",
    link: Injection,
    needs: [Associations, Cluster, Exchange, Job, Logs, NetworkPolicies, Pods, ServiceAccount, Trail, Workload],
    citation: "AWS SDKs reference guide, credential provider chain; EKS User Guide",
    repair: Manual,
    judge: [judge::reach],
    doc: "## What it checks

Non-root container, projected token 0600 root, no fsGroup (before Kubernetes 1.19).

## Why it breaks

The exchange happens only if the SDK finds the injected identity first and reaches STS from where the workload runs.

## Evidence

Associations, Cluster, Exchange, Job, Logs, NetworkPolicies, Pods, ServiceAccount, Trail, Workload: what was read of each, side by side in the finding's proof.

## Repair

The finding names the exact command or patch for the objects at hand.

## References

AWS SDKs reference guide, credential provider chain; EKS User Guide",
}
