//! The request went to another partition or region.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW094",
        name: "sts-call-sent-to-wrong-partition-region",
        summary: "The request went to another partition or region",
        link: Link::Exchange,
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
        citation: "IAM User Guide, \"Manage AWS STS in an AWS Region\"",
        since: "0.1.0",
        repair: Repair::Manual,
        doc: r#"## What it checks

The request went to another partition or region.

## Why it breaks

STS there knows neither provider nor role.

## Evidence

The account's provider with its audiences, the token's issuer and audience, and CloudTrail; The logs, and environment, volumes and network policies of the pods. What cannot be read leaves the rule undetermined.

## Repair

Set the region. A person has to do this.

## References

- IAM User Guide, "Manage AWS STS in an AWS Region""#,
    },
    groups: &[judge::provider, judge::reach],
};
