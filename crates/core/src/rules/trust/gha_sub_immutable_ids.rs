//! The subject carries numeric ids and the policy has names only.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW009",
        name: "gha-sub-immutable-ids",
        summary: "The subject carries numeric ids and the policy has names only",
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
        citation: "GitHub documentation, OpenID Connect reference",
        since: "0.1.0",
        repair: Repair::NeedsApproval,
        doc: r"## What it checks

Whether the subject carries numeric ids (`repo:OWNER@1/REPO@2:...`) while the policy has names only.

## Why it breaks

Repositories created after 15 July 2026, renamed, transferred or opted in get subjects with ids, so that a name taken over by somebody else gains nothing. Names alone do not match them, and neither does `repo:OWNER/*`: after `OWNER` comes `@`.

## Evidence

The `sub` of the token, with and without its ids, against each value of the condition. By hand: `gh api repos/OWNER/REPO/actions/oidc/customization/sub` (its `sub_claim_prefix`), or the subject in CloudTrail.

## Repair

Allow the subject with the ids. `trustwalk fix` can do this after approval.

## References

- GitHub documentation, OpenID Connect reference",
    },
    groups: &[judge::trust],
};
