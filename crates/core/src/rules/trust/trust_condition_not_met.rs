//! A condition of the trust policy is not met.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW108",
        name: "trust-condition-not-met",
        summary: "A condition of the trust policy is not met",
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
        masked_by: &["wrong-token-kind-missing-aud"],
        citation: "IAM User Guide, \"Create a role for OpenID Connect federation\"",
        since: "0.1.0",
        repair: Repair::NeedsApproval,
        doc: r#"## What it checks

A condition of the trust policy is not met.

## Why it breaks

All conditions of a statement must hold, and a Deny whose conditions hold beats every Allow. A condition on what comes with the call, an address or a session name, cannot be judged from the token.

## Evidence

The role's trust policy, statement by statement, against the token's claims. What cannot be read leaves the rule undetermined.

## Repair

Let it name this identity. `trustwalk fix` can do this after approval, but never narrows a Deny.

## References

- IAM User Guide, "Create a role for OpenID Connect federation""#,
    },
    groups: &[judge::trust],
};
