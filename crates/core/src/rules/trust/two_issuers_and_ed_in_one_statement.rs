//! Conditions on two issuers stand in one statement.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW109",
        name: "two-issuers-and-ed-in-one-statement",
        summary: "Conditions on two issuers stand in one statement",
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
        citation: "IAM User Guide, \"Create a role for OpenID Connect federation\"",
        since: "0.1.0",
        repair: Repair::NeedsApproval,
        doc: r#"## What it checks

Conditions on two issuers stand in one statement.

## Why it breaks

Every condition of a statement must hold, and a token carries the claims of one issuer only: keys of the
other issuer are never set, so the statement admits neither.

## Evidence

The role's trust policy, statement by statement, against the token's claims. What cannot be read leaves the rule undetermined.

## Repair

Give each issuer a statement of its own. `trustwalk fix` can do this after approval.

## References

- IAM User Guide, "Conditions with multiple context keys or values""#,
    },
    groups: &[judge::trust],
};
