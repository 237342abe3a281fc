//! The container's user may not read the token file.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW001",
        name: "token-file-unreadable-fsgroup",
        summary: "The container's user may not read the token file",
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
        citation: "amazon-eks-pod-identity-webhook issue 8",
        since: "0.1.0",
        repair: Repair::Manual,
        doc: r"## What it checks

Whether the process may read the projected token: the container's user, the pod's `fsGroup`, the Kubernetes version and the client's own complaint (`permission denied` on `/var/run/secrets/eks.amazonaws.com/serviceaccount/token`).

## Why it breaks

Before Kubernetes 1.19 a projected token belonged to root with mode 0600. A process that is not root can read it only through a group, which `fsGroup` sets. Nothing reaches AWS: the SDK fails before it calls STS.

## Evidence

The line in the log; or `runAsUser`/`runAsNonRoot` and a missing `fsGroup` in the pod template beside the server version. Without the logs it stays undetermined. By hand: `kubectl exec POD -- sh -c 'id; ls -lL $AWS_WEB_IDENTITY_TOKEN_FILE'`.

## Repair

Set `securityContext.fsGroup` in the pod template. A person has to do this.

## References

- amazon-eks-pod-identity-webhook issue 8",
    },
    groups: &[judge::reach],
};
