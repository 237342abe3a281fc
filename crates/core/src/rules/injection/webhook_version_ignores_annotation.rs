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

Whether an annotation of the service account or pod shows in what a new pod gets.

## Why it breaks

Old versions of the webhook know fewer annotations than its README: `sts-regional-endpoints`, `token-expiration` and `skip-containers` were added over time. An unknown one is ignored without a word.

## Evidence

The annotation beside the variables that a dry run injects, and the webhook's image where it runs in the cluster. By hand: `kubectl exec POD -- env | grep AWS_STS_REGIONAL_ENDPOINTS` against `kubectl get serviceaccount NAME -o yaml`.

## Repair

Update the webhook. A person has to do this.

## References

- amazon-eks-pod-identity-webhook README",
    },
    groups: &[judge::injection],
};
