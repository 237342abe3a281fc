//! IAM has not spread the change yet.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW049",
        name: "iam-eventual-consistency",
        summary: "IAM has not spread the change yet",
        link: Link::Exchange,
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
        citation: "IAM User Guide, \"Changes that I make are not always immediately visible\"",
        since: "0.1.0",
        repair: Repair::Manual,
        doc: r#"## What it checks

IAM has not spread the change yet.

## Why it breaks

A new role takes seconds to be known everywhere.

## Evidence

The role's trust policy, statement by statement, against the token's claims. What cannot be read leaves the rule undetermined.

## Repair

Wait and retry. A person has to do this.

## References

- IAM User Guide, "Changes that I make are not always immediately visible""#,
    },
    groups: &[judge::trust],
};
