//! The session's name is not allowed.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW056",
        name: "role-session-name-invalid",
        summary: "The session's name is not allowed",
        link: Link::Exchange,
        severity: Severity::Error,
        needs: &[Kind::Pods, Kind::Logs, Kind::Role, Kind::Exchange, Kind::Trail, Kind::Job],
        masked_by: &[],
        citation: "STS API reference, AssumeRoleWithWebIdentity",
        since: "0.1.0",
        repair: Repair::Manual,
        doc: r"## What it checks

The session's name is not allowed.

## Why it breaks

2 to 64 of letters, digits and _=,.@+-.

## Evidence

The logs, the job's inputs and the role's longest session. What cannot be read leaves the rule undetermined.

## Repair

Change the name. A person has to do this.

## References

- STS API reference, AssumeRoleWithWebIdentity",
    },
    groups: &[judge::session],
};
