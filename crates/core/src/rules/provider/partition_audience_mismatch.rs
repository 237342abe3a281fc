//! The audience belongs to another partition.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW015",
        name: "partition-audience-mismatch",
        summary: "The audience belongs to another partition",
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
            Kind::Job,
            Kind::Namesake,
            Kind::ServiceAccount,
        ],
        masked_by: &["idp-does-not-issue-requested-audience"],
        citation: "IAM User Guide, \"Create an OIDC provider\"",
        since: "0.1.0",
        repair: Repair::NeedsApproval,
        doc: r#"## What it checks

The audience belongs to another partition.

## Why it breaks

In China the audience is `sts.amazonaws.com.cn`, elsewhere `sts.amazonaws.com`.

## Evidence

The account's provider with its audiences, the token's issuer and audience, and CloudTrail; The role's trust policy, statement by statement, against the token's claims. What cannot be read leaves the rule undetermined.

## Repair

Use the same audience on both sides. `trustwalk fix` can do this after approval.

## References

- IAM User Guide, "Create an OIDC provider""#,
    },
    groups: &[judge::provider, judge::trust],
};
