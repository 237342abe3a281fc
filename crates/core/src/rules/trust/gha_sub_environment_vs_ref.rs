//! The job has an environment and the policy expects a ref, or the reverse.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW008",
        name: "gha-sub-environment-vs-ref",
        summary: "The job has an environment and the policy expects a ref, or the reverse",
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

Whether the token's subject names an environment where the policy expects a ref, or the reverse.

## Why it breaks

A job with `environment:` gets the subject `repo:OWNER/REPO:environment:NAME`, in which no branch or tag occurs, even when it runs on that branch. A policy that allows `...:ref:refs/heads/main` never matches it.

## Evidence

The `sub` of the token beside the condition; the job's file shows the `environment:`. By hand: CloudTrail's AssumeRoleWithWebIdentity event has the subject in `userIdentity.userName`, and the workflow file the key.

## Repair

Allow the environment's subject. `trustwalk fix` can do this after approval.

## References

- GitHub documentation, "About security hardening with OpenID Connect""#,
    },
    groups: &[judge::trust],
};
