//! `webhook-absent-or-not-running`: mutatingWebhookConfiguration or its pods missing; pods get the node role.

use crate::judge;
use crate::rules::rule;

rule! {
    WebhookAbsentOrNotRunning,
    code: "TW025",
    name: "webhook-absent-or-not-running",
    summary: "mutatingWebhookConfiguration or its pods missing; pods get the node role",
    link: Injection,
    needs: [Associations, Exchange, InjectionProbe, Logs, PodIdentityAgent, Pods, ServiceAccount, Trail, Webhooks, Workload],
    citation: "amazon-eks-pod-identity-webhook; EKS User Guide, IAM roles for service accounts",
    repair: Manual,
    judge: [judge::injection],
    doc: "## What it checks

MutatingWebhookConfiguration or its pods missing; pods get the node role.

## Why it breaks

The pod identity webhook acts once, when a pod is created; a pod that it passed over has neither role nor token and falls back to whatever else it finds.

## Evidence

Associations, Exchange, InjectionProbe, Logs, PodIdentityAgent, Pods, ServiceAccount, Trail, Webhooks, Workload: what was read of each, side by side in the finding's proof.

## Repair

The finding names the exact command or patch for the objects at hand.

## References

amazon-eks-pod-identity-webhook; EKS User Guide, IAM roles for service accounts",
}
