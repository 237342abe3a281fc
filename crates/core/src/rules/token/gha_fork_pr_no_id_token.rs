//! Pull requests from forks get no ID token.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW046",
        name: "gha-fork-pr-no-id-token",
        summary: "Pull requests from forks get no ID token",
        link: Link::Token,
        severity: Severity::Error,
        needs: &[Kind::Pods, Kind::Logs, Kind::Token, Kind::RoleArn, Kind::Exchange, Kind::Trail, Kind::Job],
        masked_by: &[],
        citation: "GitHub documentation, \"Events that trigger workflows\"",
        since: "0.1.0",
        repair: Repair::Manual,
        doc: r#"## What it checks

Pull requests from forks get no ID token.

## Why it breaks

GitHub withholds the write permission there.

## Evidence

The job's permissions, event and inputs, its token and its log. What cannot be read leaves the rule undetermined.

## Repair

Run the step elsewhere. A person has to do this.

## References

- GitHub documentation, "Events that trigger workflows""#,
    },
    groups: &[judge::ci],
};
