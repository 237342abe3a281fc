//! The policy expects another audience than the token has.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW028",
        name: "audience-condition-wrong-in-trust-policy",
        summary: "The policy expects another audience than the token has",
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
        masked_by: &["idp-does-not-issue-requested-audience"],
        citation: "IAM User Guide, \"Create a role for OpenID Connect federation\"",
        since: "0.1.0",
        repair: Repair::NeedsApproval,
        doc: r#"## What it checks

The value under `ISSUER:aud` against the token's audience.

## Why it breaks

The audience is compared twice: with the provider's client ids, and with the trust policy where that has a condition on it. The first passed; the second must be equal too. The URL of an organisation or a product's name from an old guide is not.

## Evidence

The token's `aud` beside the condition, and the provider's client ids. By hand: decode the token, and `aws iam get-role --role-name NAME --query Role.AssumeRolePolicyDocument.Statement[].Condition`.

## Repair

Write the token's audience. `trustwalk fix` can do this after approval.

## References

- IAM User Guide, "Create a role for OpenID Connect federation""#,
    },
    groups: &[judge::trust],
};
