//! The issuer is an address inside the cluster.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW080",
        name: "issuer-is-cluster-local-url",
        summary: "The issuer is an address inside the cluster",
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

The issuer is an address inside the cluster.

## Why it breaks

STS fetches over the internet.

## Evidence

Discovery document, key set and the token's header, with what STS or the logs said. What cannot be read leaves the rule undetermined.

## Repair

Set a public issuer. A person has to do this.

## References

- Kubernetes documentation, kube-apiserver",
    },
    groups: &[judge::issuer],
};
