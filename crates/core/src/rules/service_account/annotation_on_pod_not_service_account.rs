//! The role stands on the pod and not on the service account.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW038",
        name: "annotation-on-pod-not-service-account",
        summary: "The role stands on the pod and not on the service account",
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

The role stands on the pod and not on the service account.

## Why it breaks

The webhook reads the service account only.

## Evidence

The service account's annotations, its siblings, the pod template, add-ons and associations. What cannot be read leaves the rule undetermined.

## Repair

Move the annotation. `trustwalk fix` can do this after approval.

## References

- EKS User Guide, "Assign IAM roles to Kubernetes service accounts""#,
    },
    groups: &[judge::service_account],
};
