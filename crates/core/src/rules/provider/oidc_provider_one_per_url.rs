//! An account can have one OIDC provider per URL, and this one exists.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW112",
        name: "oidc-provider-one-per-url",
        summary: "An account can have one OIDC provider per URL, and this one exists",
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
        citation: "IAM API Reference, CreateOpenIDConnectProvider",
        since: "0.1.0",
        repair: Repair::Manual,
        doc: r#"## What it checks

Whether somebody tried to register an issuer that the account knows already (`EntityAlreadyExists: Provider with url ... already exists`).

## Why it breaks

The provider's ARN is made of the account and the URL, so there can be one only. Two stacks that both create it collide: the second fails, and when the first is removed it takes the provider from everybody.

## Evidence

The refusal in a log of the tool that made the call. By hand: `aws iam list-open-id-connect-providers`, then `aws iam get-open-id-connect-provider --open-id-connect-provider-arn ARN` for its audiences and tags, which often tell its owner.

## Repair

Use the one that exists, add the audience that lacks, and let one stack own it. A person has to do this.

## References

- IAM API Reference, CreateOpenIDConnectProvider
- IAM User Guide, "Create an OpenID Connect (OIDC) identity provider in IAM""#,
    },
    groups: &[judge::provider],
};
