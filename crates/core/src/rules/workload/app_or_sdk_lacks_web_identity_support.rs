//! The application does not use the role and token in its container.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW011",
        name: "app-or-sdk-lacks-web-identity-support",
        summary: "The application does not use the role and token in its container",
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
        citation: "EKS User Guide, \"Use a supported AWS SDK\"",
        since: "0.1.0",
        repair: Repair::Manual,
        doc: r#"## What it checks

Whether role and token are in the container and the application acts without them all the same.

## Why it breaks

SDKs older than web identity do not know `AWS_WEB_IDENTITY_TOKEN_FILE` and fall through to the node's role or to nothing. No exchange is seen in CloudTrail, because none is tried.

## Evidence

The injected variables beside a log that shows the node's session or no credentials. The SDK's version is inside the image and is not read, so the finding is likely. By hand: `kubectl exec POD -- aws sts get-caller-identity` gives the right role where the application does not; the EKS User Guide lists each SDK's first version.

## Repair

Use an image with a newer SDK. A person has to do this.

## References

- EKS User Guide, "Use a supported AWS SDK""#,
    },
    groups: &[judge::reach],
};
