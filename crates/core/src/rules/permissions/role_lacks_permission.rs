//! The role may not do what the workload asks.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW107",
        name: "role-lacks-permission",
        summary: "The role may not do what the workload asks",
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
        citation: "IAM User Guide, \"Policy evaluation logic\"",
        since: "0.1.0",
        repair: Repair::NeedsApproval,
        doc: r#"## What it checks

The role may not do what the workload asks.

## Why it breaks

The exchange works; the action is refused.

## Evidence

The logs, and environment, volumes and network policies of the pods. What cannot be read leaves the rule undetermined.

## Repair

Attach a policy. `trustwalk fix` can do this after approval.

## References

- IAM User Guide, "Policy evaluation logic""#,
    },
    groups: &[judge::reach],
};
