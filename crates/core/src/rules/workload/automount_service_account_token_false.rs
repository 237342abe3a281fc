//! The application needs a token that is not mounted.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW043",
        name: "automount-service-account-token-false",
        summary: "The application needs a token that is not mounted",
        link: Link::Workload,
        severity: Severity::Error,
        needs: &[
            Kind::Workload,
            Kind::Pods,
            Kind::Logs,
            Kind::ServiceAccount,
            Kind::NetworkPolicies,
            Kind::Associations,
            Kind::Cluster,
            Kind::Exchange,
            Kind::Trail,
            Kind::Job,
        ],
        masked_by: &[],
        citation: "Kubernetes documentation, \"Configure Service Accounts for Pods\"",
        since: "0.1.0",
        repair: Repair::Manual,
        doc: r#"## What it checks

The application needs a token that is not mounted.

## Why it breaks

automountServiceAccountToken is false.

## Evidence

The logs, and environment, volumes and network policies of the pods. What cannot be read leaves the rule undetermined.

## Repair

Mount it. A person has to do this.

## References

- Kubernetes documentation, "Configure Service Accounts for Pods""#,
    },
    groups: &[judge::reach],
};
