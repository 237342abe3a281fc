//! The add-on annotated only one of its service accounts.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW061",
        name: "addon-annotates-one-of-several-service-accounts",
        summary: "The add-on annotated only one of its service accounts",
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
        citation: "EKS User Guide, \"Amazon EKS add-ons\"",
        since: "0.1.0",
        repair: Repair::NeedsApproval,
        doc: r#"## What it checks

The add-on annotated only one of its service accounts.

## Why it breaks

The field covers the controller alone.

## Evidence

The service account's annotations, its siblings, the pod template, add-ons and associations. What cannot be read leaves the rule undetermined.

## Repair

Annotate the other too. `trustwalk fix` can do this after approval.

## References

- EKS User Guide, "Amazon EKS add-ons""#,
    },
    groups: &[judge::service_account],
};
