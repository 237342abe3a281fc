//! The process keeps the first token it read.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW004",
        name: "token-file-read-once",
        summary: "The process keeps the first token it read",
        link: Link::Token,
        severity: Severity::Error,
        needs: &[Kind::Pods, Kind::Logs, Kind::Token, Kind::Exchange, Kind::Trail, Kind::Job],
        masked_by: &[],
        citation: "Kubernetes documentation, \"ServiceAccount token volume projection\"",
        since: "0.1.0",
        repair: Repair::Manual,
        doc: r#"## What it checks

The process keeps the first token it read.

## Why it breaks

The kubelet renews the token in the file. A client that reads the file once presents an expired token later.

## Evidence

The token's header and claims, and the logs. What cannot be read leaves the rule undetermined.

## Repair

Restart the pods and update the SDK. A person has to do this.

## References

- Kubernetes documentation, "ServiceAccount token volume projection""#,
    },
    groups: &[judge::token],
};
