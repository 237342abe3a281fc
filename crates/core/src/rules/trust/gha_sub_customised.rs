//! The subject is customised.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW032",
        name: "gha-sub-customised",
        summary: "The subject is customised",
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
        citation: "GitHub documentation, \"Customizing the token claims\"",
        since: "0.1.0",
        repair: Repair::NeedsApproval,
        doc: r#"## What it checks

Whether the subject follows a template of organisation or repository, or holds claims the default one never has.

## Why it breaks

With a customised subject GitHub joins the claims the template lists (`repo:...:workflow:...:job_workflow_ref:...`). A policy written for the default form matches none of them.

## Evidence

The token's `sub` beside the condition; the template where the job's facts hold it. By hand: `gh api repos/OWNER/REPO/actions/oidc/customization/sub` and the same for the organisation.

## Repair

Allow the subject as the token has it. `trustwalk fix` can do this after approval.

## References

- GitHub documentation, "Customizing the token claims""#,
    },
    groups: &[judge::trust],
};
