//! The pod was made before the webhook knew its service account.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW102",
        name: "webhook-sa-cache-race",
        summary: "The pod was made before the webhook knew its service account",
        link: Link::Injection,
        severity: Severity::Error,
        needs: &[
            Kind::Workload,
            Kind::Pods,
            Kind::Logs,
            Kind::ServiceAccount,
            Kind::Webhooks,
            Kind::InjectionProbe,
            Kind::Associations,
            Kind::PodIdentityAgent,
            Kind::Exchange,
            Kind::Trail,
        ],
        masked_by: &[],
        citation: "amazon-eks-pod-identity-webhook README",
        since: "0.1.0",
        repair: Repair::NeedsApproval,
        doc: r"## What it checks

The pod was made before the webhook knew its service account.

## Why it breaks

It looks accounts up in a cache.

## Evidence

The pods as admitted, the service account, the webhooks, and a dry run of a new pod. What cannot be read leaves the rule undetermined.

## Repair

Recreate the pod. `trustwalk fix` can do this after approval.

## References

- amazon-eks-pod-identity-webhook README",
    },
    groups: &[judge::injection],
};
