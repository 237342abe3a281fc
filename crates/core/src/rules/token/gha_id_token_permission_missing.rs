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

The job may not ask for an ID token.

## Why it breaks

GitHub hands out ID tokens only to jobs with `permissions: id-token: write`, in the calling workflow too.

## Evidence

The job's permissions, event and inputs, its token and its log. What cannot be read leaves the rule undetermined.

## Repair

Add the permission. A person has to do this.

## References

- GitHub documentation, "Configuring OpenID Connect in Amazon Web Services""#,
    },
    groups: &[judge::ci],
};
