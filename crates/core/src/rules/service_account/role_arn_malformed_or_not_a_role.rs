//! What the workload is told to assume is not a role's ARN.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW012",
        name: "role-arn-malformed-or-not-a-role",
        summary: "What the workload is told to assume is not a role's ARN",
        link: Link::ServiceAccount,
        severity: Severity::Error,
        needs: &[
            Kind::Workload,
            Kind::Pods,
            Kind::Logs,
            Kind::ServiceAccount,
            Kind::Siblings,
            Kind::Associations,
            Kind::Cluster,
            Kind::RoleArn,
            Kind::Exchange,
            Kind::Trail,
            Kind::Trusting,
            Kind::Token,
            Kind::Provider,
        ],
        masked_by: &[],
        citation: "IAM User Guide, \"IAM identifiers\"",
        since: "0.1.0",
        repair: Repair::Manual,
        doc: r#"## What it checks

What the workload is told to assume is not a role's ARN.

## Why it breaks

A policy's ARN, a placeholder or a stray blank cannot be assumed.

## Evidence

The service account's annotations, its siblings, the pod template, add-ons and associations. What cannot be read leaves the rule undetermined.

## Repair

Give `arn:aws:iam::ACCOUNT:role/NAME`. A person has to do this.

## References

- IAM User Guide, "IAM identifiers""#,
    },
    groups: &[judge::service_account],
};
