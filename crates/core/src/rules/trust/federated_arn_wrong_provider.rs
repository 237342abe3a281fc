//! The role trusts another provider.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW072",
        name: "federated-arn-wrong-provider",
        summary: "The role trusts another provider",
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
        masked_by: &["issuer-url-changed-by-idp", "issuer-is-cluster-local-url"],
        citation: "IAM User Guide, \"AWS JSON policy elements: Principal\"",
        since: "0.1.0",
        repair: Repair::NeedsApproval,
        doc: r#"## What it checks

The role trusts another provider.

## Why it breaks

The Federated principal must be the issuer's provider.

## Evidence

The role's trust policy, statement by statement, against the token's claims. What cannot be read leaves the rule undetermined.

## Repair

Name this provider, in a statement of its own where the other may be in use. `trustwalk fix` can do this after approval.

## References

- IAM User Guide, "AWS JSON policy elements: Principal""#,
    },
    groups: &[judge::trust],
};
