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
            Kind::Trusting,
        ],
        masked_by: &["idp-does-not-issue-requested-audience"],
        citation: "IAM User Guide, \"Create an OIDC provider\"",
        since: "0.1.0",
        repair: Repair::NeedsApproval,
        doc: r#"## What it checks

Whether the token's audience and the registered one are `sts.amazonaws.com` and `sts.amazonaws.com.cn`, one of each.

## Why it breaks

An audience is a mere string that token, provider and trust policy must agree on. Tools choose by partition and not all choose alike: some register the Chinese form for a role in `aws-cn` while the token keeps the other.

## Evidence

The token's `aud`, the provider's ClientIDList and the `:aud` condition. By hand: decode the token, and `aws iam get-open-id-connect-provider --query ClientIDList` with the profile of that partition.

## Repair

Use the same audience on both sides. `trustwalk fix` can do this after approval.

## References

- IAM User Guide, "Create an OIDC provider""#,
    },
    groups: &[judge::provider, judge::trust],
};
