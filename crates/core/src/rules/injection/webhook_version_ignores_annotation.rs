//! The webhook runs and ignores the annotation.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW026",
        name: "webhook-version-ignores-annotation",
        summary: "The webhook runs and ignores the annotation",
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

The webhook runs and ignores the annotation.

## Why it breaks

Old versions know fewer annotations.

## Evidence

The pods as admitted, the service account, the webhooks, and a dry run of a new pod. What cannot be read leaves the rule undetermined.

## Repair

Update the webhook. A person has to do this.

## References

- amazon-eks-pod-identity-webhook README",
    },
    groups: &[judge::injection],
};
