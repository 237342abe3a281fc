//! The condition key does not begin with the issuer.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW068",
        name: "condition-key-not-issuer-path",
        summary: "The condition key does not begin with the issuer",
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

The condition key does not begin with the issuer.

## Why it breaks

Keys of another issuer are never set.

## Evidence

The role's trust policy, statement by statement, against the token's claims. What cannot be read leaves the rule undetermined.

## Repair

Write the issuer's path. `trustwalk fix` can do this after approval.

## References

- IAM User Guide, "Create a role for OpenID Connect federation""#,
    },
    groups: &[judge::trust],
};
