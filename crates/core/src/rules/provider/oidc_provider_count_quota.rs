//! The quota of providers is used up.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW083",
        name: "oidc-provider-count-quota",
        summary: "The quota of providers is used up",
        link: Link::Provider,
        severity: Severity::Error,
        needs: &[
            Kind::Pods,
            Kind::Logs,
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
            Kind::Namesake,
            Kind::ServiceAccount,
            Kind::Job,
            Kind::Trusting,
        ],
        masked_by: &[],
        citation: "IAM User Guide, \"IAM and AWS STS quotas\"",
        since: "0.1.0",
        repair: Repair::Manual,
        doc: r#"## What it checks

The quota of providers is used up.

## Why it breaks

An account has 100 by default.

## Evidence

The account's provider with its audiences, the token's issuer and audience, and CloudTrail. What cannot be read leaves the rule undetermined.

## Repair

Remove unused ones or raise the quota. A person has to do this.

## References

- IAM User Guide, "IAM and AWS STS quotas""#,
    },
    groups: &[judge::provider],
};
