//! The application is told to use another source of credentials.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW018",
        name: "app-configured-for-another-credential-source",
        summary: "The application is told to use another source of credentials",
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
        citation: "AWS SDKs and Tools reference, \"Standardized credential providers\"",
        since: "0.1.0",
        repair: Repair::Manual,
        doc: r#"## What it checks

The application is told to use another source of credentials.

## Why it breaks

An explicit profile or credentials file wins over the injected web identity.

## Evidence

The logs, and environment, volumes and network policies of the pods. What cannot be read leaves the rule undetermined.

## Repair

Remove the setting. A person has to do this.

## References

- AWS SDKs and Tools reference, "Standardized credential providers""#,
    },
    groups: &[judge::reach],
};
