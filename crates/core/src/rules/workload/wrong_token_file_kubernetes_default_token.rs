//! The API server's token is sent to STS.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW060",
        name: "wrong-token-file-kubernetes-default-token",
        summary: "The API server's token is sent to STS",
        link: Link::Workload,
        severity: Severity::Error,
        needs: &[
            Kind::Workload,
            Kind::Pods,
            Kind::Logs,
            Kind::ServiceAccount,
            Kind::NetworkPolicies,
            Kind::Associations,
            Kind::Token,
            Kind::Cluster,
            Kind::Discovery,
            Kind::Provider,
            Kind::Providers,
            Kind::RoleArn,
            Kind::Role,
            Kind::Caller,
            Kind::Exchange,
            Kind::Trail,
            Kind::Job,
            Kind::Namesake,
            Kind::Trusting,
        ],
        masked_by: &[],
        citation: "EKS User Guide, \"Configure Pods to use a Kubernetes service account\"",
        since: "0.1.0",
        repair: Repair::Manual,
        doc: r#"## What it checks

The API server's token is sent to STS.

## Why it breaks

Its audience is the API server.

## Evidence

The logs, and environment, volumes and network policies of the pods; The account's provider with its audiences, the token's issuer and audience, and CloudTrail. What cannot be read leaves the rule undetermined.

## Repair

Use the projected token. A person has to do this.

## References

- EKS User Guide, "Configure Pods to use a Kubernetes service account""#,
    },
    groups: &[judge::reach, judge::provider],
};
