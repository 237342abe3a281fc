//! STS failed for a moment and the client went on as the node.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW115",
        name: "transient-sts-failure-falls-back-to-node-role",
        summary: "STS failed for a moment and the client went on as the node",
        link: Link::Workload,
        severity: Severity::Error,
        needs: &[
            Kind::Workload,
            Kind::Pods,
            Kind::Logs,
            Kind::ServiceAccount,
            Kind::NetworkPolicies,
            Kind::Associations,
            Kind::Cluster,
            Kind::Exchange,
            Kind::Trail,
            Kind::Job,
        ],
        masked_by: &[],
        citation: "AWS SDKs and Tools Reference Guide, \"Standardized credential providers\"",
        since: "0.1.0",
        repair: Repair::Manual,
        doc: r#"## What it checks

Whether a container that has role and token was seen acting as the node's role while STS was failing.

## Why it breaks

SDKs try their sources of credentials in order. One that treats a failed exchange as "no web identity here" goes on to the instance metadata service and caches what it gets, so a failure of seconds becomes missing permissions until the process restarts.

## Evidence

Both failures in the logs: the refused action with the node's session (`assumed-role/NODE-ROLE/i-...`) and STS's throttling or 5xx, or an unreachable STS that answers now. Order in time is not proven, so the finding is likely. By hand: `kubectl exec POD -- aws sts get-caller-identity` in a new process.

## Repair

Restart the pods; keep pods from the node's metadata (hop limit 1) so that the failure shows as what it is. A person has to do this.

## References

- AWS SDKs and Tools Reference Guide, "Standardized credential providers"
- EKS best practices, "Restrict access to the instance profile assigned to the worker node""#,
    },
    groups: &[judge::reach],
};
