//! The Federated principal is not a provider's ARN.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW031",
        name: "federated-principal-malformed",
        summary: "The Federated principal is not a provider's ARN",
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
        ],
        masked_by: &[],
        citation: "IAM User Guide, \"AWS JSON policy elements: Principal\"",
        since: "0.1.0",
        repair: Repair::NeedsApproval,
        doc: r#"## What it checks

The Federated principal is not a provider's ARN.

## Why it breaks

A bare issuer or a mistyped ARN matches no provider.

## Evidence

The role's trust policy, statement by statement, against the token's claims. What cannot be read leaves the rule undetermined.

## Repair

Write the provider's ARN. `trustwalk fix` can do this after approval.

## References

- IAM User Guide, "AWS JSON policy elements: Principal""#,
    },
    groups: &[judge::trust],
};
