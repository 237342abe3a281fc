//! The Federated principal is not a provider's ARN.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW031",
        name: "federated-principal-malformed",
        summary: "The Federated principal is not a provider's ARN",
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
        citation: "IAM User Guide, \"AWS JSON policy elements: Principal\"",
        since: "0.1.0",
        repair: Repair::NeedsApproval,
        doc: r#"## What it checks

The Federated principal against `arn:PARTITION:iam::ACCOUNT:oidc-provider/ISSUER-PATH`.

## Why it breaks

A bare issuer, a URL or a mistyped ARN names no provider. IAM saves some of these and refuses others (`Federated principals must be valid domain names or SAML metadata ARNs`); STS then finds no statement for the identity.

## Evidence

The principal as it stands, and the ARN of the provider for the token's issuer; from a log IAM's refusal. By hand: compare `aws iam list-open-id-connect-providers` with `Principal.Federated`.

## Repair

Write the provider's ARN. `trustwalk fix` can do this after approval.

## References

- IAM User Guide, "AWS JSON policy elements: Principal""#,
    },
    groups: &[judge::trust],
};
