//! The identity provider refused a token for a moment.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW074",
        name: "idp-refuses-token-transient",
        summary: "The identity provider refused a token for a moment",
        link: Link::Token,
        severity: Severity::Error,
        needs: &[Kind::Pods, Kind::Logs, Kind::Token, Kind::RoleArn, Kind::Exchange, Kind::Trail, Kind::Job],
        masked_by: &[],
        citation: "GitHub toolkit source",
        since: "0.1.0",
        repair: Repair::Manual,
        doc: r"## What it checks

The identity provider refused a token for a moment.

## Why it breaks

It took the job for pending.

## Evidence

The job's permissions, event and inputs, its token and its log. What cannot be read leaves the rule undetermined.

## Repair

Run again. A person has to do this.

## References

- GitHub toolkit source",
    },
    groups: &[judge::ci],
};
