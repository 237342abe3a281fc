//! The Federated principal is in another account.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW045",
        name: "federated-arn-wrong-account",
        summary: "The Federated principal is in another account",
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
        masked_by: &["issuer-is-cluster-local-url"],
        citation: "IAM User Guide, \"AWS JSON policy elements: Principal\"",
        since: "0.1.0",
        repair: Repair::NeedsApproval,
        doc: r#"## What it checks

The Federated principal is in another account.

## Why it breaks

Provider and role stand in one account.

## Evidence

The role's trust policy, statement by statement, against the token's claims. What cannot be read leaves the rule undetermined.

## Repair

Correct the account number. `trustwalk fix` can do this after approval.

## References

- IAM User Guide, "AWS JSON policy elements: Principal""#,
    },
    groups: &[judge::trust],
};
