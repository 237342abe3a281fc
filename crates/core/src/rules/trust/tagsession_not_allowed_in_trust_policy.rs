//! Tags in the token need sts:TagSession.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW096",
        name: "tagsession-not-allowed-in-trust-policy",
        summary: "Tags in the token need sts:TagSession",
        link: Link::Trust,
        severity: Severity::Error,
        needs: &[
            Kind::Pods,
            Kind::Logs,
            Kind::Token,
            Kind::Cluster,
            Kind::Discovery,
            Kind::Provider,
            Kind::RoleArn,
            Kind::Role,
            Kind::Caller,
            Kind::Exchange,
            Kind::Trail,
            Kind::Job,
            Kind::Workload,
            Kind::ServiceAccount,
            Kind::NetworkPolicies,
            Kind::Associations,
            Kind::Providers,
            Kind::Trusting,
        ],
        masked_by: &[],
        citation: "IAM User Guide, \"Pass session tags in AWS STS\"",
        since: "0.1.0",
        repair: Repair::Manual,
        doc: r#"## What it checks

Tags in the token need sts:TagSession.

## Why it breaks

The call fails without it.

## Evidence

The role's trust policy, statement by statement, against the token's claims. What cannot be read leaves the rule undetermined.

## Repair

Allow it. A person has to do this.

## References

- IAM User Guide, "Pass session tags in AWS STS""#,
    },
    groups: &[judge::trust, judge::reach],
};
