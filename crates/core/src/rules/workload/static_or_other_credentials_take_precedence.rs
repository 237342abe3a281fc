//! Keys in the environment win over web identity.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW023",
        name: "static-or-other-credentials-take-precedence",
        summary: "Keys in the environment win over web identity",
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
        citation: "AWS SDKs and Tools reference, \"Credential provider chain\"",
        since: "0.1.0",
        repair: Repair::Manual,
        doc: r#"## What it checks

Keys in the environment win over web identity.

## Why it breaks

Every SDK looks at access keys in the environment first.

## Evidence

The logs, and environment, volumes and network policies of the pods. What cannot be read leaves the rule undetermined.

## Repair

Remove the keys. A person has to do this.

## References

- AWS SDKs and Tools reference, "Credential provider chain""#,
    },
    groups: &[judge::reach],
};
