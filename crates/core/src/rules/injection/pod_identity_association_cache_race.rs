//! `pod-identity-association-cache-race`: pod made right after the association; IRSA env or none.

use crate::judge;
use crate::rules::rule;

rule! {
    PodIdentityAssociationCacheRace,
    code: "TW052",
    name: "pod-identity-association-cache-race",
    summary: "pod made right after the association; IRSA env or none",
    link: Injection,
    needs: [Associations, Exchange, InjectionProbe, Logs, PodIdentityAgent, Pods, ServiceAccount, Trail, Webhooks, Workload],
    citation: "amazon-eks-pod-identity-webhook; EKS User Guide, IAM roles for service accounts",
    repair: Manual,
    judge: [judge::injection],
    doc: "## What it checks

Pod made right after the association; IRSA env or none.

## Why it breaks

The pod identity webhook acts once, when a pod is created; a pod that it passed over has neither role nor token and falls back to whatever else it finds.

## Evidence

Associations, Exchange, InjectionProbe, Logs, PodIdentityAgent, Pods, ServiceAccount, Trail, Webhooks, Workload: what was read of each, side by side in the finding's proof.

## Repair

The finding names the exact command or patch for the objects at hand.

## References

amazon-eks-pod-identity-webhook; EKS User Guide, IAM roles for service accounts",
}
