//! `token-file-absent-where-code-runs`: code runs elsewhere than the pod/step with the token.

use crate::judge;
use crate::rules::rule;

rule! {
    TokenFileAbsentWhereCodeRuns,
    code: "TW058",
    name: "token-file-absent-where-code-runs",
    summary: "code runs elsewhere than the pod/step with the token",
    link: Injection,
    needs: [Associations, Cluster, Exchange, Job, Logs, NetworkPolicies, Pods, ServiceAccount, Trail, Workload],
    citation: "AWS SDKs reference guide, credential provider chain; EKS User Guide",
    repair: Manual,
    judge: [judge::reach],
    doc: "## What it checks

Code runs elsewhere than the pod/step with the token.

## Why it breaks

The exchange happens only if the SDK finds the injected identity first and reaches STS from where the workload runs.

## Evidence

Associations, Cluster, Exchange, Job, Logs, NetworkPolicies, Pods, ServiceAccount, Trail, Workload: what was read of each, side by side in the finding's proof.

## Repair

The finding names the exact command or patch for the objects at hand.

## References

AWS SDKs reference guide, credential provider chain; EKS User Guide",
}
