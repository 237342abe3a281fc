//! STS does not know the token's algorithm.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW099",
        name: "token-signing-algorithm-unsupported",
        summary: "STS does not know the token's algorithm",
        link: Link::Token,
        severity: Severity::Error,
        needs: &[Kind::Pods, Kind::Logs, Kind::Token, Kind::Exchange, Kind::Trail, Kind::Job],
        masked_by: &[],
        citation: "STS API reference, AssumeRoleWithWebIdentity",
        since: "0.1.0",
        repair: Repair::Manual,
        doc: r"## What it checks

STS does not know the token's algorithm.

## Why it breaks

Only RS and ES of 256, 384 and 512.

## Evidence

The token's header and claims, and the logs. What cannot be read leaves the rule undetermined.

## Repair

Sign with RS256. A person has to do this.

## References

- STS API reference, AssumeRoleWithWebIdentity",
    },
    groups: &[judge::token],
};
