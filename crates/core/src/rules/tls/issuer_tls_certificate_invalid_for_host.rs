//! The issuer's certificate cannot stand for its host.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW081",
        name: "issuer-tls-certificate-invalid-for-host",
        summary: "The issuer's certificate cannot stand for its host",
        link: Link::Tls,
        severity: Severity::Error,
        needs: &[Kind::Pods, Kind::Logs, Kind::Discovery, Kind::Chains, Kind::Provider, Kind::Exchange, Kind::Trail],
        masked_by: &[],
        citation: "IAM User Guide, \"Create an OIDC provider\"",
        since: "0.1.0",
        repair: Repair::Manual,
        doc: r#"## What it checks

The issuer's certificate cannot stand for its host.

## Why it breaks

It names another host, or its time is over.

## Evidence

The chains presented by the issuer's hosts, the roots that are trusted, and the registered thumbprints. What cannot be read leaves the rule undetermined.

## Repair

Serve a valid certificate. A person has to do this.

## References

- IAM User Guide, "Create an OIDC provider""#,
    },
    groups: &[judge::thumbprint],
};
