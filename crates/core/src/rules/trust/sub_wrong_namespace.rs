//! The trust policy names another namespace.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW017",
        name: "sub-wrong-namespace",
        summary: "The trust policy names another namespace",
        link: Link::Trust,
        severity: Severity::Error,
        needs: &[
            Kind::Pods,
            Kind::Logs,
            Kind::Token,
            Kind::Cluster,
            Kind::Discovery,
            Kind::Provider,
            Kind::RoleArn,
            Kind::Role,
            Kind::Caller,
            Kind::Exchange,
            Kind::Trail,
            Kind::Job,
            Kind::Providers,
            Kind::Trusting,
        ],
        masked_by: &[],
        citation: "EKS User Guide, \"Assign IAM roles to Kubernetes service accounts\"",
        since: "0.1.0",
        repair: Repair::NeedsApproval,
        doc: r#"## What it checks

The namespace in the token's `sub` against the one in the condition, where the name agrees.

## Why it breaks

The namespace is part of the subject. A chart installed elsewhere than its guide says, or a policy made for another environment, differs in that part alone, and STS answers `Not authorized`.

## Evidence

The token's `sub` beside the condition's value. By hand: `kubectl get pods -A | grep NAME` and the value under `ISSUER:sub` in `aws iam get-role --query Role.AssumeRolePolicyDocument`.

## Repair

Write the token's subject into the condition. `trustwalk fix` can do this after approval.

## References

- EKS User Guide, "Assign IAM roles to Kubernetes service accounts""#,
    },
    groups: &[judge::trust],
};
