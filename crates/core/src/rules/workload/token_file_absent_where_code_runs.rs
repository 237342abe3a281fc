//! The token file does not exist where the code runs.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW058",
        name: "token-file-absent-where-code-runs",
        summary: "The token file does not exist where the code runs",
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
        masked_by: &["env-preset-in-pod-blocks-mutation"],
        citation: "EKS User Guide, \"Configure Pods to use a Kubernetes service account\"",
        since: "0.1.0",
        repair: Repair::Manual,
        doc: r#"## What it checks

The token file does not exist where the code runs.

## Why it breaks

The variable travelled and the file did not.

## Evidence

The logs, and environment, volumes and network policies of the pods. What cannot be read leaves the rule undetermined.

## Repair

Run the code where the token is. A person has to do this.

## References

- EKS User Guide, "Configure Pods to use a Kubernetes service account""#,
    },
    groups: &[judge::reach],
};
