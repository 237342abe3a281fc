//! The trust policy names another service account.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW003",
        name: "sub-wrong-service-account",
        summary: "The trust policy names another service account",
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

The service account's name in the token's `sub` against the values of the condition on `ISSUER:sub`.

## Why it breaks

The subject of a service account's token is `system:serviceaccount:NAMESPACE:NAME`, and STS compares it letter by letter. Charts prefix the name with the release or rename it, and the policy keeps the old one: STS answers `Not authorized to perform sts:AssumeRoleWithWebIdentity`.

## Evidence

The `sub` of a token asked for this service account beside the condition that is not met, with its place in the policy. If the role cannot be read the rule is undetermined. By hand: `kubectl get pod POD -o jsonpath={.spec.serviceAccountName}` and `aws iam get-role --role-name NAME --query Role.AssumeRolePolicyDocument`.

## Repair

Write the token's subject into the condition, beside subjects that others may need. `trustwalk fix` can do this after approval.

## References

- EKS User Guide, "Assign IAM roles to Kubernetes service accounts""#,
    },
    groups: &[judge::trust],
};
