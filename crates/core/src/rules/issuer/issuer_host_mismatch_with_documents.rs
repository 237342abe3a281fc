//! The discovery document names another issuer.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW079",
        name: "issuer-host-mismatch-with-documents",
        summary: "The discovery document names another issuer",
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
        citation: "OpenID Connect Discovery 1.0",
        since: "0.1.0",
        repair: Repair::Manual,
        doc: r"## What it checks

The discovery document names another issuer.

## Why it breaks

Both must be equal.

## Evidence

Discovery document, key set and the token's header, with what STS or the logs said. What cannot be read leaves the rule undetermined.

## Repair

Correct the document. A person has to do this.

## References

- OpenID Connect Discovery 1.0",
    },
    groups: &[judge::issuer],
};
