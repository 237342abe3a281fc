//! What is sent is not a JWT.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW097",
        name: "token-content-malformed",
        summary: "What is sent is not a JWT",
        link: Link::Token,
        severity: Severity::Error,
        needs: &[Kind::Pods, Kind::Logs, Kind::Token, Kind::Exchange, Kind::Trail, Kind::Job],
        masked_by: &[],
        citation: "STS API reference, AssumeRoleWithWebIdentity",
        since: "0.1.0",
        repair: Repair::Manual,
        doc: r"## What it checks

What is sent is not a JWT.

## Why it breaks

STS cannot read it.

## Evidence

The token's header and claims, and the logs. What cannot be read leaves the rule undetermined.

## Repair

Send the ID token. A person has to do this.

## References

- STS API reference, AssumeRoleWithWebIdentity",
    },
    groups: &[judge::token],
};
