//! A chained session lasts an hour at most.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW055",
        name: "role-chaining-one-hour-cap",
        summary: "A chained session lasts an hour at most",
        link: Link::Exchange,
        severity: Severity::Error,
        needs: &[Kind::Pods, Kind::Logs, Kind::Role, Kind::Exchange, Kind::Trail, Kind::Job],
        masked_by: &[],
        citation: "IAM User Guide, \"Roles terms and concepts\"",
        since: "0.1.0",
        repair: Repair::Manual,
        doc: r#"## What it checks

A chained session lasts an hour at most.

## Why it breaks

The limit cannot be raised.

## Evidence

The logs, the job's inputs and the role's longest session. What cannot be read leaves the rule undetermined.

## Repair

Ask for at most 3600 s. A person has to do this.

## References

- IAM User Guide, "Roles terms and concepts""#,
    },
    groups: &[judge::session],
};
