//! A value with a wildcard stands under `StringEquals`.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW005",
        name: "wildcard-with-stringequals",
        summary: "A value with a wildcard stands under StringEquals",
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
        ],
        masked_by: &[],
        citation: "IAM User Guide, \"Condition operators\"",
        since: "0.1.0",
        repair: Repair::NeedsApproval,
        doc: r#"## What it checks

A value with a wildcard stands under StringEquals.

## Why it breaks

StringEquals compares letter by letter; `*` and `?` mean something only under StringLike.

## Evidence

The role's trust policy, statement by statement, against the token's claims. What cannot be read leaves the rule undetermined.

## Repair

Move the condition to StringLike. `trustwalk fix` can do this after approval.

## References

- IAM User Guide, "Condition operators""#,
    },
    groups: &[judge::trust],
};
