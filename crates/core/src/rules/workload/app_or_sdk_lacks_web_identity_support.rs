//! The application does not use the role and token in its container.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW011",
        name: "app-or-sdk-lacks-web-identity-support",
        summary: "The application does not use the role and token in its container",
        link: Link::Workload,
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
        citation: "EKS User Guide, \"Use a supported AWS SDK\"",
        since: "0.1.0",
        repair: Repair::Manual,
        doc: r#"## What it checks

The application does not use the role and token in its container.

## Why it breaks

SDKs older than web identity ignore the variables and fall through to the node's role.

## Evidence

The logs, and environment, volumes and network policies of the pods. What cannot be read leaves the rule undetermined.

## Repair

Use an image with a newer SDK. A person has to do this.

## References

- EKS User Guide, "Use a supported AWS SDK""#,
    },
    groups: &[judge::reach],
};
