//! Keys in the environment win over web identity.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW023",
        name: "static-or-other-credentials-take-precedence",
        summary: "Keys in the environment win over web identity",
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
        citation: "AWS SDKs and Tools reference, \"Credential provider chain\"",
        since: "0.1.0",
        repair: Repair::Manual,
        doc: r#"## What it checks

Whether `AWS_ACCESS_KEY_ID` or `AWS_SECRET_ACCESS_KEY` is set where the workload or the job runs, beside the web identity.

## Why it breaks

Every SDK looks at access keys in the environment first and stops there. The exchange is never tried; calls go out as the owner of the keys and fail with his permissions, or with `The security token included in the request is invalid` when the keys are old.

## Evidence

The names of the variables and where they come from; values are never read. By hand: `kubectl exec POD -- env | cut -d= -f1 | grep AWS_`, and on a runner the same before the step.

## Repair

Remove the keys. A person has to do this.

## References

- AWS SDKs and Tools reference, "Credential provider chain""#,
    },
    groups: &[judge::reach],
};
