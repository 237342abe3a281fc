//! The role is in another account, without a provider there.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW029",
        name: "cross-account-web-identity-without-provider-there",
        summary: "The role is in another account, without a provider there",
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
        masked_by: &[],
        citation: "EKS User Guide, \"Authenticate to another account with IRSA\"",
        since: "0.1.0",
        repair: Repair::Manual,
        doc: r#"## What it checks

The role is in another account, without a provider there.

## Why it breaks

The provider must stand in the role's account.

## Evidence

The account's provider with its audiences, the token's issuer and audience, and CloudTrail. What cannot be read leaves the rule undetermined.

## Repair

Register the issuer there, or chain roles. A person has to do this.

## References

- EKS User Guide, "Authenticate to another account with IRSA""#,
    },
    groups: &[judge::provider],
};
