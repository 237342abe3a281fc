//! The job asks for no ID token.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW066",
        name: "ci-job-does-not-request-token",
        summary: "The job asks for no ID token",
        link: Link::Token,
        severity: Severity::Error,
        needs: &[Kind::Pods, Kind::Logs, Kind::Token, Kind::RoleArn, Kind::Exchange, Kind::Trail, Kind::Job],
        masked_by: &[],
        citation: "GitLab documentation, \"Connect to cloud services\"",
        since: "0.1.0",
        repair: Repair::Manual,
        doc: r#"## What it checks

The job asks for no ID token.

## Why it breaks

Platforms give tokens only on request.

## Evidence

The job's permissions, event and inputs, its token and its log. What cannot be read leaves the rule undetermined.

## Repair

Ask for one. A person has to do this.

## References

- GitLab documentation, "Connect to cloud services""#,
    },
    groups: &[judge::ci],
};
