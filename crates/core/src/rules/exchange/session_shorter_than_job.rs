//! The job outlives its session.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW022",
        name: "session-shorter-than-job",
        summary: "The job outlives its session",
        link: Link::Exchange,
        severity: Severity::Error,
        needs: &[Kind::Pods, Kind::Logs, Kind::Role, Kind::Exchange, Kind::Trail, Kind::Job],
        masked_by: &[],
        citation: "STS API reference, AssumeRoleWithWebIdentity",
        since: "0.1.0",
        repair: Repair::Manual,
        doc: r"## What it checks

How long the job runs against the session it asked for, and `ExpiredToken` answers in its log.

## Why it breaks

A session lasts an hour unless `role-duration-seconds` asks for more, at most the role's MaxSessionDuration. The action exports credentials once and keeps no token, so nothing renews them.

## Evidence

The job's inputs and duration, the role's maximum, the refusal. By hand: the times of the credentials step and of the failing one, and `aws iam get-role --query Role.MaxSessionDuration`.

## Repair

Ask for a longer session. A person has to do this.

## References

- STS API reference, AssumeRoleWithWebIdentity",
    },
    groups: &[judge::session],
};
