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
            Kind::Caller,
        ],
        masked_by: &[],
        citation: "EKS User Guide, \"Assign IAM roles to Kubernetes service accounts\"",
        since: "0.1.0",
        repair: Repair::NeedsApproval,
        doc: r#"## What it checks

Whether the service account the pods really use carries `eks.amazonaws.com/role-arn`, while pods fail or act as the node.

## Why it breaks

The webhook injects role and token only into pods whose service account names a role. Without it an SDK finds no web identity and goes on to the node's role, whose permissions are others: AWS answers with `AccessDenied` for the node, or there are no credentials at all. Charts ignore values under a key they do not read, and add-ons make no role by themselves.

## Evidence

The service account's annotations, the pods' environment, and failures in the logs that show the node (`assumed-role/NODE/i-...`) or no credentials; roles whose trust policy admits this very account are named. By hand: `kubectl get pod POD -o jsonpath={.spec.serviceAccountName}`, then `kubectl get serviceaccount NAME -o yaml`.

## Repair

Annotate the service account with the role and recreate its pods. `trustwalk fix` can do this after approval.

## References

- EKS User Guide, "Assign IAM roles to Kubernetes service accounts""#,
    },
    groups: &[judge::service_account],
};
