//! The policy's subject ends after the repository.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW073",
        name: "gha-sub-no-trailing-context",
        summary: "The policy's subject ends after the repository",
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

The policy's subject ends after the repository.

## Why it breaks

Subjects go on with ref, environment or event.

## Evidence

The role's trust policy, statement by statement, against the token's claims. What cannot be read leaves the rule undetermined.

## Repair

Complete the value. `trustwalk fix` can do this after approval.

## References

- GitHub documentation, OpenID Connect reference",
    },
    groups: &[judge::trust],
};
