//! The token has no audience.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW105",
        name: "wrong-token-kind-missing-aud",
        summary: "The token has no audience",
        link: Link::Token,
        severity: Severity::Error,
        needs: &[Kind::Pods, Kind::Logs, Kind::Token, Kind::Exchange, Kind::Trail, Kind::Job],
        masked_by: &[],
        citation: "STS API reference, AssumeRoleWithWebIdentity",
        since: "0.1.0",
        repair: Repair::Manual,
        doc: r"## What it checks

The token has no audience.

## Why it breaks

It is of another kind.

## Evidence

The token's header and claims, and the logs. What cannot be read leaves the rule undetermined.

## Repair

Use an ID token. A person has to do this.

## References

- STS API reference, AssumeRoleWithWebIdentity",
    },
    groups: &[judge::token],
};
