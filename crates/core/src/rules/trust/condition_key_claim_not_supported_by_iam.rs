//! A condition asks for a claim IAM does not turn into a key.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW013",
        name: "condition-key-claim-not-supported-by-iam",
        summary: "A condition asks for a claim IAM does not turn into a key",
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
        ],
        masked_by: &[],
        citation: "IAM User Guide, \"AWS global condition context keys: OIDC federation\"",
        since: "0.1.0",
        repair: Repair::Manual,
        doc: r#"## What it checks

A condition asks for a claim IAM does not turn into a key.

## Why it breaks

For most issuers only aud and sub become condition keys. A condition on another claim is never met.

## Evidence

The role's trust policy, statement by statement, against the token's claims. What cannot be read leaves the rule undetermined.

## Repair

Express the restriction through the subject. A person has to do this.

## References

- IAM User Guide, "AWS global condition context keys: OIDC federation""#,
    },
    groups: &[judge::trust],
};
