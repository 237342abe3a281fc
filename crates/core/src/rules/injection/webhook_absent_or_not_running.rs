//! No webhook injects the identity.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW025",
        name: "webhook-absent-or-not-running",
        summary: "No webhook injects the identity",
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
        repair: Repair::Manual,
        doc: r"## What it checks

Whether a mutating webhook that injects web identity exists, answers, and does not leave this pod out.

## Why it breaks

The annotation does nothing by itself: a mutating webhook puts role and token into new pods. With `failurePolicy: Ignore` a webhook that does not answer goes unnoticed, and pods start as the node.

## Evidence

The webhook configurations, ready endpoints behind them, selectors, and a dry run of a new pod; from a log the API server's complaint. By hand: `kubectl get mutatingwebhookconfigurations` and `kubectl run probe --image=busybox --dry-run=server -o yaml --overrides` with this service account.

## Repair

Get the webhook running, then recreate the pods. A person has to do this.

## References

- amazon-eks-pod-identity-webhook README",
    },
    groups: &[judge::injection],
};
