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
        ],
        masked_by: &[],
        citation: "GitHub documentation, OpenID Connect reference",
        since: "0.1.0",
        repair: Repair::NeedsApproval,
        doc: r"## What it checks

The subject carries numeric ids and the policy has names only.

## Why it breaks

With immutable subjects GitHub writes `repo:ORG@ID/REPO@ID`.

## Evidence

The role's trust policy, statement by statement, against the token's claims. What cannot be read leaves the rule undetermined.

## Repair

Allow the subject with the ids. `trustwalk fix` can do this after approval.

## References

- GitHub documentation, OpenID Connect reference",
    },
    groups: &[judge::trust],
};
