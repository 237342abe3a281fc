//! What the workload is told to assume is not a role's ARN.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW012",
        name: "role-arn-malformed-or-not-a-role",
        summary: "What the workload is told to assume is not a role's ARN",
        link: Link::ServiceAccount,
        severity: Severity::Error,
        needs: &[
            Kind::Workload,
            Kind::Pods,
            Kind::Logs,
            Kind::ServiceAccount,
            Kind::Siblings,
            Kind::Associations,
            Kind::Cluster,
            Kind::RoleArn,
            Kind::Exchange,
            Kind::Trail,
            Kind::Trusting,
            Kind::Token,
            Kind::Provider,
            Kind::Caller,
        ],
        masked_by: &[],
        citation: "IAM User Guide, \"IAM identifiers\"",
        since: "0.1.0",
        repair: Repair::NeedsApproval,
        doc: r#"## What it checks

The value of the annotation or input, character by character, against `arn:PARTITION:iam::ACCOUNT:role/NAME` with twelve digits.

## Why it breaks

STS parses the ARN before anything else and answers `Request ARN is invalid`. The ARN of a policy, a session or an instance profile is well-formed and still names no role; templates leave placeholders, quotes and backslashes.

## Evidence

The value verbatim and where it was read; from a log alone STS's refusal. By hand: `kubectl get serviceaccount NAME -o jsonpath={.metadata.annotations}` and `aws iam get-role --role-name NAME --query Role.Arn`.

## Repair

Give `arn:aws:iam::ACCOUNT:role/NAME`. Where only quotes or blanks stand around the ARN of a role that exists, `trustwalk fix` can do this after approval; else a person has to.

## References

- IAM User Guide, "IAM identifiers""#,
    },
    groups: &[judge::service_account],
};
