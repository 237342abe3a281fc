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
            Kind::Job,
            Kind::Trusting,
        ],
        masked_by: &[],
        citation: "EKS User Guide, \"Authenticate to another account with IRSA\"",
        since: "0.1.0",
        repair: Repair::Manual,
        doc: r#"## What it checks

The account of the role against the account in which the issuer's provider stands.

## Why it breaks

STS looks for the provider in the role's account. A cluster in account A whose pods ask for a role of account B needs a provider in B as well; or a role in A first, and `sts:AssumeRole` from there.

## Evidence

The role's ARN, the cluster's and the caller's account, the providers that were listed. By hand: with credentials of the role's account, `aws iam list-open-id-connect-providers`.

## Repair

Register the issuer there, or chain roles. A person has to do this.

## References

- EKS User Guide, "Authenticate to another account with IRSA""#,
    },
    groups: &[judge::provider],
};
