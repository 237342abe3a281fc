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
            Kind::Providers,
            Kind::Trusting,
        ],
        masked_by: &[],
        citation: "IAM User Guide, \"Condition operators\"",
        since: "0.1.0",
        repair: Repair::NeedsApproval,
        doc: r#"## What it checks

Whether a value under `StringEquals` holds `*` or `?` and would match the token if it were a pattern.

## Why it breaks

`StringEquals` takes every character literally, so `system:serviceaccount:web:*` admits only an account whose name is a star. Wildcards mean something under `StringLike` alone. STS says `AccessDenied`, not why.

## Evidence

The token's claim, the value, and the operator it stands under; the policy is evaluated as it is and as a pattern. By hand: look for `*` below `StringEquals` in `aws iam get-role --role-name NAME --query Role.AssumeRolePolicyDocument`.

## Repair

Name the exact subject beside the value; `trustwalk fix` can do this after approval. Moving the condition to StringLike would admit everybody of that form, those that are yet to be made included, and is left to people.

## References

- IAM User Guide, "Condition operators""#,
    },
    groups: &[judge::trust],
};
