//! The step names no role.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW093",
        name: "role-to-assume-empty",
        summary: "The step names no role",
        link: Link::ServiceAccount,
        severity: Severity::Error,
        needs: &[Kind::Pods, Kind::Logs, Kind::Token, Kind::RoleArn, Kind::Exchange, Kind::Trail, Kind::Job],
        masked_by: &[],
        citation: "configure-aws-credentials README",
        since: "0.1.0",
        repair: Repair::Manual,
        doc: r"## What it checks

The step names no role.

## Why it breaks

An unset secret or variable is empty.

## Evidence

The job's permissions, event and inputs, its token and its log. What cannot be read leaves the rule undetermined.

## Repair

Set it. A person has to do this.

## References

- configure-aws-credentials README",
    },
    groups: &[judge::ci],
};
