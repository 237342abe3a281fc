//! STS cannot be reached.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW030",
        name: "dns-or-network-to-sts-broken",
        summary: "STS cannot be reached",
        link: Link::Exchange,
        severity: Severity::Error,
        needs: &[
            Kind::Workload,
            Kind::Pods,
            Kind::Logs,
            Kind::ServiceAccount,
            Kind::NetworkPolicies,
            Kind::Associations,
            Kind::Cluster,
            Kind::Exchange,
            Kind::Trail,
            Kind::Job,
        ],
        masked_by: &["token-expired-during-retries"],
        citation: "EKS User Guide, troubleshooting IAM",
        since: "0.1.0",
        repair: Repair::Manual,
        doc: r"## What it checks

What kind of failure stands before any answer of STS: a name that does not resolve, a refused or silent connection.

## Why it breaks

The request never arrived at STS, so nothing about role or token is known yet. Go writes `dial tcp: i/o timeout` without an address when it is the resolver that did not answer, with an address when it is the route.

## Evidence

The host, the address and the words in the log. By hand, from the same network as the pod: `nslookup sts.REGION.amazonaws.com`, then `curl -sv https://sts.REGION.amazonaws.com`.

## Repair

Repair DNS or the route. A person has to do this.

## References

- EKS User Guide, troubleshooting IAM",
    },
    groups: &[judge::reach],
};
