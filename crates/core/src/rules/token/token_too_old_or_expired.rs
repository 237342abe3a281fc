//! The token has expired.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW100",
        name: "token-too-old-or-expired",
        summary: "The token has expired",
        link: Link::Token,
        severity: Severity::Error,
        needs: &[Kind::Pods, Kind::Logs, Kind::Token, Kind::Exchange, Kind::Trail, Kind::Job],
        masked_by: &[],
        citation: "IAM User Guide, \"Create an OIDC provider\"",
        since: "0.1.0",
        repair: Repair::Manual,
        doc: r#"## What it checks

The token has expired.

## Why it breaks

STS grants five minutes.

## Evidence

The token's header and claims, and the logs. What cannot be read leaves the rule undetermined.

## Repair

Get a fresh one. A person has to do this.

## References

- IAM User Guide, "Create an OIDC provider""#,
    },
    groups: &[judge::token],
};
