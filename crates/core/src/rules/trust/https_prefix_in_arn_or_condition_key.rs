//! The policy writes the issuer with https://.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW033",
        name: "https-prefix-in-arn-or-condition-key",
        summary: "The policy writes the issuer with https://",
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

Whether `https://` stands in the Federated principal or in a condition key.

## Why it breaks

IAM names providers and their keys by host and path: `oidc-provider/HOST/PATH` and `HOST/PATH:sub`. Terraform and CloudFormation hand out the issuer with its scheme, and pasted as it is it matches nothing.

## Evidence

The principal and the keys of the statement. By hand: `aws iam get-role --role-name NAME --query Role.AssumeRolePolicyDocument | grep https://`.

## Repair

Remove `https://`. `trustwalk fix` can do this after approval.

## References

- IAM User Guide, "Create a role for OpenID Connect federation""#,
    },
    groups: &[judge::trust],
};
