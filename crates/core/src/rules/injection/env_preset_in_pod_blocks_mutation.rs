//! `env-preset-in-pod-blocks-mutation`: someone had put AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE into the Deployment by hand.

use crate::judge;
use crate::rules::rule;

rule! {
    EnvPresetInPodBlocksMutation,
    code: "TW071",
    name: "env-preset-in-pod-blocks-mutation",
    summary: "someone had put AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE into the Deployment by hand",
    link: Injection,
    needs: [Associations, Exchange, InjectionProbe, Logs, PodIdentityAgent, Pods, ServiceAccount, Trail, Webhooks, Workload],
    citation: "amazon-eks-pod-identity-webhook; EKS User Guide, IAM roles for service accounts",
    repair: Manual,
    judge: [judge::injection],
    doc: "## What it checks

Someone had put AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE into the Deployment by hand.

## Why it breaks

The pod identity webhook acts once, when a pod is created; a pod that it passed over has neither role nor token and falls back to whatever else it finds.

## Evidence

Associations, Exchange, InjectionProbe, Logs, PodIdentityAgent, Pods, ServiceAccount, Trail, Webhooks, Workload: what was read of each, side by side in the finding's proof.

## Repair

The finding names the exact command or patch for the objects at hand.

## References

amazon-eks-pod-identity-webhook; EKS User Guide, IAM roles for service accounts",
}
