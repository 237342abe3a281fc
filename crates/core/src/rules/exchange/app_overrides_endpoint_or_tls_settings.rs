//! Settings lead the client to another endpoint or authority.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW063",
        name: "app-overrides-endpoint-or-tls-settings",
        summary: "Settings lead the client to another endpoint or authority",
        link: Link::Exchange,
        severity: Severity::Error,
        needs: &[
            Kind::Workload,
            Kind::Pods,
            Kind::Logs,
            Kind::ServiceAccount,
            Kind::NetworkPolicies,
            Kind::Associations,
            Kind::Cluster,
            Kind::Exchange,
            Kind::Trail,
            Kind::Job,
        ],
        masked_by: &[],
        citation: "AWS SDKs and Tools reference, \"Service-specific endpoints\"",
        since: "0.1.0",
        repair: Repair::Manual,
        doc: r#"## What it checks

Settings lead the client to another endpoint or authority.

## Why it breaks

STS cannot be reached with them.

## Evidence

The logs, and environment, volumes and network policies of the pods. What cannot be read leaves the rule undetermined.

## Repair

Remove them. A person has to do this.

## References

- AWS SDKs and Tools reference, "Service-specific endpoints""#,
    },
    groups: &[judge::reach],
};
