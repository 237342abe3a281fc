//! STS cannot read the issuer's documents.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW035",
        name: "issuer-documents-not-public",
        summary: "STS cannot read the issuer's documents",
        link: Link::Issuer,
        severity: Severity::Error,
        needs: &[
            Kind::Pods,
            Kind::Logs,
            Kind::Token,
            Kind::Cluster,
            Kind::Discovery,
            Kind::Keys,
            Kind::Provider,
            Kind::Exchange,
            Kind::Trail,
        ],
        masked_by: &[],
        citation: "IAM User Guide, \"Create an OIDC provider\"",
        since: "0.1.0",
        repair: Repair::Manual,
        doc: r#"## What it checks

STS cannot read the issuer's documents.

## Why it breaks

Discovery and key set must be readable by everyone.

## Evidence

Discovery document, key set and the token's header, with what STS or the logs said. What cannot be read leaves the rule undetermined.

## Repair

Make both public. A person has to do this.

## References

- IAM User Guide, "Create an OIDC provider""#,
    },
    groups: &[judge::issuer],
};
