//! A condition on iss is never met.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW077",
        name: "iss-condition-value-wrong-scheme",
        summary: "A condition on iss is never met",
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
        citation: "IAM User Guide, \"AWS global condition context keys: OIDC federation\"",
        since: "0.1.0",
        repair: Repair::Manual,
        doc: r#"## What it checks

A condition on iss is never met.

## Why it breaks

There is no such key; the principal fixes the issuer.

## Evidence

The role's trust policy, statement by statement, against the token's claims. What cannot be read leaves the rule undetermined.

## Repair

Remove the condition. A person has to do this.

## References

- IAM User Guide, "AWS global condition context keys: OIDC federation""#,
    },
    groups: &[judge::trust],
};
