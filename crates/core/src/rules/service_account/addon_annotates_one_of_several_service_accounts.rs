//! `addon-annotates-one-of-several-service-accounts`: the EKS add-on field applies the role only to the controller's service account.

use crate::judge;
use crate::rules::rule;

rule! {
    AddonAnnotatesOneOfSeveralServiceAccounts,
    code: "TW061",
    name: "addon-annotates-one-of-several-service-accounts",
    summary: "the EKS add-on field applies the role only to the controller's service account",
    link: ServiceAccount,
    needs: [Associations, Cluster, Exchange, Logs, Pods, RoleArn, ServiceAccount, Siblings, Trail, Workload],
    citation: "EKS User Guide, \"Assign IAM roles to Kubernetes service accounts\"",
    repair: Manual,
    judge: [judge::service_account],
    doc: "## What it checks

The EKS add-on field applies the role only to the controller's service account.

## Why it breaks

The webhook injects the role that the service account's annotation names, and nothing else tells it.

## Evidence

Associations, Cluster, Exchange, Logs, Pods, RoleArn, ServiceAccount, Siblings, Trail, Workload: what was read of each, side by side in the finding's proof.

## Repair

The finding names the exact command or patch for the objects at hand.

## References

EKS User Guide, \"Assign IAM roles to Kubernetes service accounts\"",
}
