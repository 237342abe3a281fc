//! `container-injected-after-webhook`: the webhook is not effectively re-invoked for containers added by a later mutating webhook.

use crate::judge;
use crate::rules::rule;

rule! {
    ContainerInjectedAfterWebhook,
    code: "TW069",
    name: "container-injected-after-webhook",
    summary: "the webhook is not effectively re-invoked for containers added by a later mutating webhook",
    link: Injection,
    needs: [Associations, Exchange, InjectionProbe, Logs, PodIdentityAgent, Pods, ServiceAccount, Trail, Webhooks, Workload],
    citation: "amazon-eks-pod-identity-webhook; EKS User Guide, IAM roles for service accounts",
    repair: Manual,
    judge: [judge::injection],
    doc: "## What it checks

The webhook is not effectively re-invoked for containers added by a later mutating webhook.

## Why it breaks

The pod identity webhook acts once, when a pod is created; a pod that it passed over has neither role nor token and falls back to whatever else it finds.

## Evidence

Associations, Exchange, InjectionProbe, Logs, PodIdentityAgent, Pods, ServiceAccount, Trail, Webhooks, Workload: what was read of each, side by side in the finding's proof.

## Repair

The finding names the exact command or patch for the objects at hand.

## References

amazon-eks-pod-identity-webhook; EKS User Guide, IAM roles for service accounts",
}
