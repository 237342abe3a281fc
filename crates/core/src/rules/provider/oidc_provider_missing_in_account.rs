//! The role's account has no OIDC provider for the issuer.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW021",
        name: "oidc-provider-missing-in-account",
        summary: "The role's account has no OIDC provider for the issuer",
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
        ],
        masked_by: &["issuer-is-cluster-local-url"],
        citation: "IAM User Guide, \"Create an OIDC provider\"",
        since: "0.1.0",
        repair: Repair::NeedsApproval,
        doc: r#"## What it checks

The role's account has no OIDC provider for the issuer.

## Why it breaks

STS looks for a provider whose URL equals the token's issuer in the role's account.

## Evidence

The account's provider with its audiences, the token's issuer and audience, and CloudTrail. What cannot be read leaves the rule undetermined.

## Repair

Register the provider. `trustwalk fix` can do this after approval.

## References

- IAM User Guide, "Create an OIDC provider""#,
    },
    groups: &[judge::provider],
};
