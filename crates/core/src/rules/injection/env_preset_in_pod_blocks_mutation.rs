//! The workload sets the variables itself.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW071",
        name: "env-preset-in-pod-blocks-mutation",
        summary: "The workload sets the variables itself",
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

The workload sets the variables itself.

## Why it breaks

The webhook leaves such a container alone.

## Evidence

The pods as admitted, the service account, the webhooks, and a dry run of a new pod. What cannot be read leaves the rule undetermined.

## Repair

Remove the variables. A person has to do this.

## References

- amazon-eks-pod-identity-webhook README",
    },
    groups: &[judge::injection],
};
