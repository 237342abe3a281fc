//! The role's ARN has another account's number.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW091",
        name: "role-arn-wrong-account",
        summary: "The role's ARN has another account's number",
        link: Link::ServiceAccount,
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
            Kind::Namesake,
            Kind::Providers,
            Kind::ServiceAccount,
            Kind::Caller,
            Kind::Exchange,
            Kind::Trail,
            Kind::Job,
            Kind::Trusting,
        ],
        masked_by: &[],
        citation: "IAM User Guide, \"IAM identifiers\"",
        since: "0.1.0",
        repair: Repair::NeedsApproval,
        doc: r#"## What it checks

The role's ARN has another account's number.

## Why it breaks

Either no such role exists in that account, or one does and its account has no provider for the
tokens of this cluster. A role of the same name in the caller's own account tells that the number was meant
to be that account's.

## Evidence

The ARN asked for, the cluster's account, and IAM's answer about a role of that name in the caller's own account. What cannot be read leaves the rule undetermined.

## Repair

Annotate the service account with the ARN of the right account, then recreate the pods. `trustwalk fix` can do this after approval where the role of that name was found.

## References

- IAM User Guide, "IAM identifiers""#,
    },
    groups: &[judge::trust, judge::provider],
};
