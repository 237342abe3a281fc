//! A regional STS host name is used as audience.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW041",
        name: "audience-confused-with-sts-endpoint",
        summary: "A regional STS host name is used as audience",
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
        citation: "EKS User Guide, \"Create an IAM OIDC provider\"",
        since: "0.1.0",
        repair: Repair::NeedsApproval,
        doc: r#"## What it checks

A regional STS host name is used as audience.

## Why it breaks

The audience is `sts.amazonaws.com` wherever the endpoint is.

## Evidence

The account's provider with its audiences, the token's issuer and audience, and CloudTrail; The role's trust policy, statement by statement, against the token's claims. What cannot be read leaves the rule undetermined.

## Repair

Use `sts.amazonaws.com`. `trustwalk fix` can do this after approval.

## References

- EKS User Guide, "Create an IAM OIDC provider""#,
    },
    groups: &[judge::provider, judge::trust],
};
