//! The application does not renew its session.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW040",
        name: "app-does-not-refresh-session-credentials",
        summary: "The application does not renew its session",
        link: Link::Workload,
        severity: Severity::Error,
        needs: &[Kind::Pods, Kind::Logs, Kind::Role, Kind::Exchange, Kind::Trail, Kind::Job],
        masked_by: &[],
        citation: "AWS SDKs and Tools reference",
        since: "0.1.0",
        repair: Repair::Manual,
        doc: r"## What it checks

The application does not renew its session.

## Why it breaks

A session ends after an hour; the token lives on.

## Evidence

The logs, the job's inputs and the role's longest session. What cannot be read leaves the rule undetermined.

## Repair

Let the SDK refresh. A person has to do this.

## References

- AWS SDKs and Tools reference",
    },
    groups: &[judge::session],
};
