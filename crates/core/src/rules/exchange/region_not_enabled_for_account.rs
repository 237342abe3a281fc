//! STS does not serve the account in this region.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW053",
        name: "region-not-enabled-for-account",
        summary: "STS does not serve the account in this region",
        link: Link::Exchange,
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
        masked_by: &["static-or-other-credentials-take-precedence"],
        citation: "IAM User Guide, \"Manage AWS STS in an AWS Region\"",
        since: "0.1.0",
        repair: Repair::Manual,
        doc: r#"## What it checks

STS does not serve the account in this region.

## Why it breaks

Opt-in regions need enabling.

## Evidence

The logs, and environment, volumes and network policies of the pods. What cannot be read leaves the rule undetermined.

## Repair

Enable the region. A person has to do this.

## References

- IAM User Guide, "Manage AWS STS in an AWS Region""#,
    },
    groups: &[judge::reach],
};
