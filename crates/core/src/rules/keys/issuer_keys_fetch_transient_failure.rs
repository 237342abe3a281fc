//! STS could not fetch the issuer's keys at times.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW010",
        name: "issuer-keys-fetch-transient-failure",
        summary: "STS could not fetch the issuer's keys at times",
        link: Link::Keys,
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
        citation: "AWS Knowledge Center, iam-sts-invalididentitytoken",
        since: "0.1.0",
        repair: Repair::Manual,
        doc: r"## What it checks

STS could not fetch the issuer's keys at times.

## Why it breaks

STS waits five seconds for an identity provider, and providers throttle when many jobs start together. Nothing is wrong with the configuration.

## Evidence

Discovery document, key set and the token's header, with what STS or the logs said. What cannot be read leaves the rule undetermined.

## Repair

Retry with growing pauses and spread the jobs. A person has to do this.

## References

- AWS Knowledge Center, iam-sts-invalididentitytoken",
    },
    groups: &[judge::issuer],
};
