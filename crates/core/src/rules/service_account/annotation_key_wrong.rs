//! `annotation-key-wrong`: annotation key wrong.

use crate::judge;
use crate::rules::rule;

rule! {
    AnnotationKeyWrong,
    code: "TW062",
    name: "annotation-key-wrong",
    summary: "annotation key wrong",
    link: ServiceAccount,
    needs: [Associations, Cluster, Exchange, Logs, Pods, RoleArn, ServiceAccount, Siblings, Trail, Workload],
    citation: "EKS User Guide, \"Assign IAM roles to Kubernetes service accounts\"",
    repair: Manual,
    judge: [judge::service_account],
    doc: "## What it checks

Annotation key wrong.

## Why it breaks

The webhook injects the role that the service account's annotation names, and nothing else tells it.

## Evidence

Associations, Cluster, Exchange, Logs, Pods, RoleArn, ServiceAccount, Siblings, Trail, Workload: what was read of each, side by side in the finding's proof.

## Repair

The finding names the exact command or patch for the objects at hand.

## References

EKS User Guide, \"Assign IAM roles to Kubernetes service accounts\"",
}
