//! `annotation-missing-on-service-account`: role exists, nothing links it: no role-arn annotation / add-on role field empty / wrong chart value path.

use crate::judge;
use crate::rules::rule;

rule! {
    AnnotationMissingOnServiceAccount,
    code: "TW002",
    name: "annotation-missing-on-service-account",
    summary: "role exists, nothing links it: no role-arn annotation / add-on role field empty / wrong chart value path",
    link: ServiceAccount,
    needs: [Associations, Cluster, Exchange, Logs, Pods, RoleArn, ServiceAccount, Siblings, Trail, Workload],
    citation: "EKS User Guide, \"Assign IAM roles to Kubernetes service accounts\"",
    repair: Manual,
    judge: [judge::service_account],
    doc: "## What it checks

Role exists, nothing links it: no role-arn annotation / add-on role field empty / wrong chart value path.

## Why it breaks

The webhook injects the role that the service account's annotation names, and nothing else tells it.

## Evidence

Associations, Cluster, Exchange, Logs, Pods, RoleArn, ServiceAccount, Siblings, Trail, Workload: what was read of each, side by side in the finding's proof.

## Repair

The finding names the exact command or patch for the objects at hand.

## References

EKS User Guide, \"Assign IAM roles to Kubernetes service accounts\"",
}
