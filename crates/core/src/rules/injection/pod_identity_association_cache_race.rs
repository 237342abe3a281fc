//! The pod was made around the same time as its association.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW052",
        name: "pod-identity-association-cache-race",
        summary: "The pod was made around the same time as its association",
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
        citation: "EKS User Guide, \"EKS Pod Identity considerations\"",
        since: "0.1.0",
        repair: Repair::NeedsApproval,
        doc: r#"## What it checks

The pod was made around the same time as its association.

## Why it breaks

Associations take seconds to be known.

## Evidence

The pods as admitted, the service account, the webhooks, and a dry run of a new pod. What cannot be read leaves the rule undetermined.

## Repair

Recreate the pod. `trustwalk fix` can do this after approval.

## References

- EKS User Guide, "EKS Pod Identity considerations""#,
    },
    groups: &[judge::injection],
};
