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

Whether STS could not fetch the issuer's keys (`Couldn't retrieve verification key from your identity provider`) while both documents are readable now.

## Why it breaks

STS gives an identity provider five seconds and providers throttle when many jobs start together. Nothing is wrong with the configuration: the same call succeeds a moment later.

## Evidence

STS's words, and discovery and key set as fetched from here with their time. If they cannot be fetched the rule is undetermined, for then issuer-documents-not-public is as good an answer. By hand: run it again unchanged, and `curl -sS -w %{time_total} ISSUER/.well-known/openid-configuration`.

## Repair

Retry with growing pauses and spread the jobs. A person has to do this.

## References

- AWS Knowledge Center, iam-sts-invalididentitytoken",
    },
    groups: &[judge::issuer],
};
