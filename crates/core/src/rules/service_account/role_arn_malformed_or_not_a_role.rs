//! `role-arn-malformed-or-not-a-role`: annotation/input is a policy ARN, placeholder, escaped or assumed-role ARN.

use crate::judge;
use crate::rules::rule;

rule! {
    RoleArnMalformedOrNotARole,
    code: "TW012",
    name: "role-arn-malformed-or-not-a-role",
    summary: "annotation/input is a policy ARN, placeholder, escaped or assumed-role ARN",
    link: ServiceAccount,
    needs: [Associations, Cluster, Exchange, Logs, Pods, RoleArn, ServiceAccount, Siblings, Trail, Workload],
    citation: "EKS User Guide, \"Assign IAM roles to Kubernetes service accounts\"",
    repair: Manual,
    judge: [judge::service_account],
    doc: "## What it checks

Annotation/input is a policy ARN, placeholder, escaped or assumed-role ARN.

## Why it breaks

The webhook injects the role that the service account's annotation names, and nothing else tells it.

## Evidence

Associations, Cluster, Exchange, Logs, Pods, RoleArn, ServiceAccount, Siblings, Trail, Workload: what was read of each, side by side in the finding's proof.

## Repair

The finding names the exact command or patch for the objects at hand.

## References

EKS User Guide, \"Assign IAM roles to Kubernetes service accounts\"",
}
