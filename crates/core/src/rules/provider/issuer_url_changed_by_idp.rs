//! The identity provider has a new issuer URL.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW050",
        name: "issuer-url-changed-by-idp",
        summary: "The identity provider has a new issuer URL",
        link: Link::Provider,
        severity: Severity::Error,
        needs: &[
            Kind::Pods,
            Kind::Logs,
            Kind::Token,
            Kind::Cluster,
            Kind::Discovery,
            Kind::Provider,
            Kind::Providers,
            Kind::RoleArn,
            Kind::Role,
            Kind::Caller,
            Kind::Exchange,
            Kind::Trail,
            Kind::Namesake,
            Kind::ServiceAccount,
            Kind::Job,
            Kind::Trusting,
        ],
        masked_by: &["issuer-is-cluster-local-url"],
        citation: "IAM User Guide, \"Create an OIDC provider\"",
        since: "0.1.0",
        repair: Repair::NeedsApproval,
        doc: r#"## What it checks

The identity provider has a new issuer URL.

## Why it breaks

Token and provider must agree letter by letter.

## Evidence

The account's provider with its audiences, the token's issuer and audience, and CloudTrail. What cannot be read leaves the rule undetermined.

## Repair

Register the new issuer. `trustwalk fix` can do this after approval.

## References

- IAM User Guide, "Create an OIDC provider""#,
    },
    groups: &[judge::provider],
};
