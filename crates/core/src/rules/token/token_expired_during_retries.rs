//! The token expired while the client retried.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW098",
        name: "token-expired-during-retries",
        summary: "The token expired while the client retried",
        link: Link::Token,
        severity: Severity::Error,
        needs: &[Kind::Pods, Kind::Logs, Kind::Token, Kind::Exchange, Kind::Trail, Kind::Job],
        masked_by: &[],
        citation: "STS API reference, AssumeRoleWithWebIdentity",
        since: "0.1.0",
        repair: Repair::Manual,
        doc: r"## What it checks

The token expired while the client retried.

## Why it breaks

Connections to STS are slow.

## Evidence

The token's header and claims, and the logs. What cannot be read leaves the rule undetermined.

## Repair

Repair the way to STS. A person has to do this.

## References

- STS API reference, AssumeRoleWithWebIdentity",
    },
    groups: &[judge::token],
};
