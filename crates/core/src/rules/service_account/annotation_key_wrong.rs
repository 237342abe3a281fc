//! The role stands under another annotation key.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW062",
        name: "annotation-key-wrong",
        summary: "The role stands under another annotation key",
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
        citation: "EKS User Guide, \"Assign IAM roles to Kubernetes service accounts\"",
        since: "0.1.0",
        repair: Repair::NeedsApproval,
        doc: r#"## What it checks

The role stands under another annotation key.

## Why it breaks

Only eks.amazonaws.com/role-arn is read.

## Evidence

The service account's annotations, its siblings, the pod template, add-ons and associations. What cannot be read leaves the rule undetermined.

## Repair

Use that key. `trustwalk fix` can do this after approval.

## References

- EKS User Guide, "Assign IAM roles to Kubernetes service accounts""#,
    },
    groups: &[judge::service_account],
};
