//! The API server's issuer or keys were replaced.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW039",
        name: "apiserver-issuer-or-keys-replaced-breaks-cluster",
        summary: "The API server's issuer or keys were replaced",
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
        citation: "Kubernetes documentation, kube-apiserver",
        since: "0.1.0",
        repair: Repair::Manual,
        doc: r"## What it checks

The API server's issuer or keys were replaced.

## Why it breaks

Tokens are signed with another key, or name another issuer, than what is published.

## Evidence

Discovery document, key set and the token's header, with what STS or the logs said. What cannot be read leaves the rule undetermined.

## Repair

Publish the new key, or keep the old issuer. A person has to do this.

## References

- Kubernetes documentation, kube-apiserver",
    },
    groups: &[judge::issuer],
};
