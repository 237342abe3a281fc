//! The job's ref or event is not allowed.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW019",
        name: "gha-sub-branch-or-tag-not-allowed",
        summary: "The job's ref or event is not allowed",
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
        citation: "GitHub documentation, \"About security hardening with OpenID Connect\"",
        since: "0.1.0",
        repair: Repair::NeedsApproval,
        doc: r#"## What it checks

The job's ref or event is not allowed.

## Why it breaks

The subject ends with the ref or the event, and the policy lists others.

## Evidence

The role's trust policy, statement by statement, against the token's claims. What cannot be read leaves the rule undetermined.

## Repair

Allow this ref if it should get the role. `trustwalk fix` can do this after approval.

## References

- GitHub documentation, "About security hardening with OpenID Connect""#,
    },
    groups: &[judge::trust],
};
