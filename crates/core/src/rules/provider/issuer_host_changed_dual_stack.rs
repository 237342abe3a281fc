//! The dual-stack host was registered.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW078",
        name: "issuer-host-changed-dual-stack",
        summary: "The dual-stack host was registered",
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
        citation: "EKS User Guide, \"Create an IAM OIDC provider\"",
        since: "0.1.0",
        repair: Repair::NeedsApproval,
        doc: r#"## What it checks

The dual-stack host was registered.

## Why it breaks

Tokens keep the issuer without it.

## Evidence

The account's provider with its audiences, the token's issuer and audience, and CloudTrail. What cannot be read leaves the rule undetermined.

## Repair

Register the issuer in the token. `trustwalk fix` can do this after approval.

## References

- EKS User Guide, "Create an IAM OIDC provider""#,
    },
    groups: &[judge::provider],
};
