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

Whether the workload presents an expired token although the file it came from is kept fresh.

## Why it breaks

The kubelet writes a new token when the old one has lived 80 % of its life. A client that read the file once goes on sending the first token; STS refuses it five minutes after its expiry (`ExpiredTokenException`), the Pod Identity agent at once.

## Evidence

The refusal in the log of a workload in a cluster, where a file that is stale on disk is next to impossible. The process itself cannot be looked into, so the finding is likely. By hand: `kubectl exec POD -- aws sts get-caller-identity` starts a new process; if that works, the old one holds an old token.

## Repair

Restart the pods and update the SDK. A person has to do this.

## References

- Kubernetes documentation, "ServiceAccount token volume projection""#,
    },
    groups: &[judge::token],
};
