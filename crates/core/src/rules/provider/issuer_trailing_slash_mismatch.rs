//! Two spellings of the issuer differ by a slash.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW082",
        name: "issuer-trailing-slash-mismatch",
        summary: "Two spellings of the issuer differ by a slash",
        link: Link::Provider,
        severity: Severity::Error,
        needs: &[
            Kind::Pods,
            Kind::Logs,
            Kind::Token,
            Kind::Cluster,
            Kind::Discovery,
            Kind::Keys,
            Kind::Provider,
            Kind::Providers,
            Kind::RoleArn,
            Kind::Role,
            Kind::Caller,
            Kind::Exchange,
            Kind::Trail,
            Kind::Job,
            Kind::Namesake,
            Kind::ServiceAccount,
            Kind::Trusting,
        ],
        masked_by: &[],
        citation: "IAM User Guide, \"Create an OIDC provider\"",
        since: "0.1.0",
        repair: Repair::NeedsApproval,
        doc: r#"## What it checks

Two spellings of the issuer differ by a slash.

## Why it breaks

With and without the slash are two issuers.

## Evidence

The account's provider with its audiences, the token's issuer and audience, and CloudTrail; The role's trust policy, statement by statement, against the token's claims; Discovery document, key set and the token's header, with what STS or the logs said. What cannot be read leaves the rule undetermined.

## Repair

Use the token's spelling. `trustwalk fix` can do this after approval.

## References

- IAM User Guide, "Create an OIDC provider""#,
    },
    groups: &[judge::provider, judge::trust, judge::issuer],
};
