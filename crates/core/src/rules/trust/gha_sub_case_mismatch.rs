//! Subject and policy differ in letter case.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW048",
        name: "gha-sub-case-mismatch",
        summary: "Subject and policy differ in letter case",
        link: Link::Trust,
        severity: Severity::Error,
        needs: &[
            Kind::Pods,
            Kind::Logs,
            Kind::Token,
            Kind::Cluster,
            Kind::Discovery,
            Kind::Provider,
            Kind::RoleArn,
            Kind::Role,
            Kind::Caller,
            Kind::Exchange,
            Kind::Trail,
            Kind::Job,
            Kind::Providers,
            Kind::Trusting,
        ],
        masked_by: &[],
        citation: "IAM User Guide, \"Condition operators\"",
        since: "0.1.0",
        repair: Repair::NeedsApproval,
        doc: r#"## What it checks

Subject and policy differ in letter case.

## Why it breaks

Values are compared with their case.

## Evidence

The role's trust policy, statement by statement, against the token's claims. What cannot be read leaves the rule undetermined.

## Repair

Write the subject as the token has it. `trustwalk fix` can do this after approval.

## References

- IAM User Guide, "Condition operators""#,
    },
    groups: &[judge::trust],
};
