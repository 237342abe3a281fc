//! Repository or owner was renamed.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW047",
        name: "gha-repo-or-org-renamed",
        summary: "Repository or owner was renamed",
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

Repository or owner was renamed.

## Why it breaks

The subject has the new name.

## Evidence

The role's trust policy, statement by statement, against the token's claims. What cannot be read leaves the rule undetermined.

## Repair

Put the new subject in the old one's place: GitHub frees a name after a rename, and whoever registers it anew would be admitted by what still names it. `trustwalk fix` can do this after approval where the rename is known.

## References

- GitHub documentation, OpenID Connect reference",
    },
    groups: &[judge::trust],
};
