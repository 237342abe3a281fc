//! The role trusts no web identity.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW024",
        name: "trust-policy-lacks-web-identity-statement",
        summary: "The role trusts no web identity",
        link: Link::Trust,
        severity: Severity::Error,
        needs: &[
            Kind::Pods,
            Kind::Logs,
            Kind::Token,
            Kind::Cluster,
            Kind::Discovery,
            Kind::Provider,
            Kind::RoleArn,
            Kind::Role,
            Kind::Caller,
            Kind::Exchange,
            Kind::Trail,
            Kind::Job,
            Kind::Providers,
            Kind::Trusting,
        ],
        masked_by: &[],
        citation: "IAM User Guide, \"Create a role for OpenID Connect federation\"",
        since: "0.1.0",
        repair: Repair::NeedsApproval,
        doc: r#"## What it checks

Whether any Allow statement of the trust policy has a Federated principal.

## Why it breaks

A role made for EC2 or another service trusts that service with `sts:AssumeRole`. A web identity is no such principal, so no statement applies and STS answers `Not authorized`.

## Evidence

The principals of all statements beside the provider that the token needs. By hand: `aws iam get-role --role-name NAME --query Role.AssumeRolePolicyDocument.Statement[].Principal`.

## Repair

Add the statement. `trustwalk fix` can do this after approval.

## References

- IAM User Guide, "Create a role for OpenID Connect federation""#,
    },
    groups: &[judge::trust],
};
