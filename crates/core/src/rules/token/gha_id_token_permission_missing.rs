//! The job may not ask for an ID token.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW014",
        name: "gha-id-token-permission-missing",
        summary: "The job may not ask for an ID token",
        link: Link::Token,
        severity: Severity::Error,
        needs: &[Kind::Pods, Kind::Logs, Kind::Token, Kind::RoleArn, Kind::Exchange, Kind::Trail, Kind::Job],
        masked_by: &[],
        citation: "GitHub documentation, \"Configuring OpenID Connect in Amazon Web Services\"",
        since: "0.1.0",
        repair: Repair::Manual,
        doc: r#"## What it checks

The effective `permissions:` of the job and, for a called workflow, of its caller.

## Why it breaks

GitHub gives a job the variables `ACTIONS_ID_TOKEN_REQUEST_URL` and `ACTIONS_ID_TOKEN_REQUEST_TOKEN` only with `id-token: write`, and a called workflow can have no more than its caller. Without them there is no token, and STS is never asked.

## Evidence

The workflow's files, or the action's complaint in the log. By hand: `grep -n -A3 permissions .github/workflows/*.yml`, and the absence of an AssumeRoleWithWebIdentity event in CloudTrail.

## Repair

Add the permission. A person has to do this.

## References

- GitHub documentation, "Configuring OpenID Connect in Amazon Web Services""#,
    },
    groups: &[judge::ci],
};
