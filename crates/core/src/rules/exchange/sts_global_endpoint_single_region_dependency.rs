//! The client depends on the global STS endpoint.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW114",
        name: "sts-global-endpoint-single-region-dependency",
        summary: "The client depends on the global STS endpoint",
        link: Link::Exchange,
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
        citation: "AWS STS API Reference, \"Endpoints\"; IAM User Guide, \"Manage AWS STS in an AWS Region\"",
        since: "0.1.0",
        repair: Repair::Manual,
        doc: r#"## What it checks

Whether `sts.amazonaws.com` itself answered with a failure (HTTP 5xx, `ServiceUnavailable`, `InternalFailure`).

## Why it breaks

Clients with the legacy setting send every exchange to the global endpoint, whatever region they run in. When that endpoint is in trouble they cannot renew their sessions, although STS of their own region is well.

## Evidence

The failure with its host in a log. Silence and time-outs are another cause: see sts-global-endpoint-in-private-network. By hand: `kubectl exec POD -- env | grep AWS_STS_REGIONAL_ENDPOINTS`, and `curl -sS -o /dev/null -w '%{http_code}' https://sts.REGION.amazonaws.com`.

## Repair

Set `AWS_STS_REGIONAL_ENDPOINTS=regional` and a region, by the annotation `eks.amazonaws.com/sts-regional-endpoints` or a newer SDK. A person has to do this.

## References

- IAM User Guide, "Manage AWS STS in an AWS Region"
- EKS User Guide, "Configure the AWS Security Token Service endpoint for a service account""#,
    },
    groups: &[judge::reach],
};
