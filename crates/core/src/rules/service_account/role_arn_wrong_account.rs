//! The role's ARN has another account's number.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW091",
        name: "role-arn-wrong-account",
        summary: "The role's ARN has another account's number",
        link: Link::ServiceAccount,
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
        citation: "IAM User Guide, \"IAM identifiers\"",
        since: "0.1.0",
        repair: Repair::Manual,
        doc: r#"## What it checks

The role's ARN has another account's number.

## Why it breaks

No such role exists there.

## Evidence

The role's trust policy, statement by statement, against the token's claims. What cannot be read leaves the rule undetermined.

## Repair

Correct the number. A person has to do this.

## References

- IAM User Guide, "IAM identifiers""#,
    },
    groups: &[judge::trust],
};
