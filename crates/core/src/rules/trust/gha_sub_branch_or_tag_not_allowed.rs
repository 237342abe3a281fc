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
            Kind::Providers,
            Kind::Trusting,
        ],
        masked_by: &[],
        citation: "GitHub documentation, \"About security hardening with OpenID Connect\"",
        since: "0.1.0",
        repair: Repair::NeedsApproval,
        doc: r#"## What it checks

The context part of the subject (branch, tag, `pull_request`) against the patterns of the condition, the repository being right.

## Why it breaks

The same workflow gets another subject for each event: `ref:refs/heads/B`, `ref:refs/tags/T`, `pull_request`. A policy written for pushes to one branch refuses all others.

## Evidence

The token's `sub` beside every value of the condition. By hand: the event and ref at the top of the run, and the subject in CloudTrail's AssumeRoleWithWebIdentity event.

## Repair

Allow this ref if it should get the role. `trustwalk fix` can do this after approval.

## References

- GitHub documentation, "About security hardening with OpenID Connect""#,
    },
    groups: &[judge::trust],
};
