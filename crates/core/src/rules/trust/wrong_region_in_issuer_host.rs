//! The issuer is written with another region.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW104",
        name: "wrong-region-in-issuer-host",
        summary: "The issuer is written with another region",
        link: Link::Trust,
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
            Kind::Job,
            Kind::Namesake,
            Kind::ServiceAccount,
            Kind::Trusting,
        ],
        masked_by: &[],
        citation: "EKS User Guide, \"Create an IAM OIDC provider\"",
        since: "0.1.0",
        repair: Repair::NeedsApproval,
        doc: r#"## What it checks

The issuer is written with another region.

## Why it breaks

Region and id belong together.

## Evidence

The account's provider with its audiences, the token's issuer and audience, and CloudTrail; The role's trust policy, statement by statement, against the token's claims. What cannot be read leaves the rule undetermined.

## Repair

Correct the region. `trustwalk fix` can do this after approval.

## References

- EKS User Guide, "Create an IAM OIDC provider""#,
    },
    groups: &[judge::provider, judge::trust],
};
