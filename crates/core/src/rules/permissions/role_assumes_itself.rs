//! The application assumes the role it already is.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW054",
        name: "role-assumes-itself",
        summary: "The application assumes the role it already is",
        link: Link::Permissions,
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
        citation: "AWS Security Blog, \"Announcing an update to IAM role trust policy behavior\"",
        since: "0.1.0",
        repair: Repair::Manual,
        doc: r#"## What it checks

The application assumes the role it already is.

## Why it breaks

Since 2022 that needs the role's own permission.

## Evidence

The logs, and environment, volumes and network policies of the pods. What cannot be read leaves the rule undetermined.

## Repair

Remove the second step. A person has to do this.

## References

- AWS Security Blog, "Announcing an update to IAM role trust policy behavior""#,
    },
    groups: &[judge::reach],
};
