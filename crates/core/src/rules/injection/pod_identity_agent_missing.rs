//! `pod-identity-agent-missing`: pod identity agent missing.

use crate::judge;
use crate::rules::rule;

rule! {
    PodIdentityAgentMissing,
    code: "TW086",
    name: "pod-identity-agent-missing",
    summary: "pod identity agent missing",
    link: Injection,
    needs: [Associations, Cluster, Exchange, InjectionProbe, Job, Logs, NetworkPolicies, PodIdentityAgent, Pods, ServiceAccount, Trail, Webhooks, Workload],
    citation: "amazon-eks-pod-identity-webhook; EKS User Guide, IAM roles for service accounts",
    repair: Manual,
    judge: [judge::injection, judge::reach],
    doc: "## What it checks

Pod identity agent missing.

## Why it breaks

The pod identity webhook acts once, when a pod is created; a pod that it passed over has neither role nor token and falls back to whatever else it finds.

## Evidence

Associations, Cluster, Exchange, InjectionProbe, Job, Logs, NetworkPolicies, PodIdentityAgent, Pods, ServiceAccount, Trail, Webhooks, Workload: what was read of each, side by side in the finding's proof.

## Repair

The finding names the exact command or patch for the objects at hand.

## References

amazon-eks-pod-identity-webhook; EKS User Guide, IAM roles for service accounts",
}
