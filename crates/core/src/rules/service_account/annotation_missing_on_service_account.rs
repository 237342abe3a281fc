//! The service account names no role.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW002",
        name: "annotation-missing-on-service-account",
        summary: "The service account names no role",
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
        ],
        masked_by: &[],
        citation: "EKS User Guide, \"Assign IAM roles to Kubernetes service accounts\"",
        since: "0.1.0",
        repair: Repair::NeedsApproval,
        doc: r#"## What it checks

The service account names no role.

## Why it breaks

The webhook injects role and token only into pods whose service account names a role. Without it the pods run as the node.

## Evidence

The service account's annotations, its siblings, the pod template, add-ons and associations. What cannot be read leaves the rule undetermined.

## Repair

Annotate the service account with the role and recreate its pods. `trustwalk fix` can do this after approval.

## References

- EKS User Guide, "Assign IAM roles to Kubernetes service accounts""#,
    },
    groups: &[judge::service_account],
};
