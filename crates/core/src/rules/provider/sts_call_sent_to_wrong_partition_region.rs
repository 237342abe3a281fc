//! `sts-call-sent-to-wrong-partition-region`: sts call sent to wrong partition region.

use crate::judge;
use crate::rules::rule;

rule! {
    StsCallSentToWrongPartitionRegion,
    code: "TW094",
    name: "sts-call-sent-to-wrong-partition-region",
    summary: "sts call sent to wrong partition region",
    link: Provider,
    needs: [Associations, Caller, Cluster, Discovery, Exchange, Job, Logs, NetworkPolicies, Pods, Provider, Providers, Role, RoleArn, ServiceAccount, Token, Trail, Workload],
    citation: "IAM User Guide, \"Create an OIDC identity provider\"; IAM API reference",
    repair: Manual,
    judge: [judge::provider, judge::reach],
    doc: "## What it checks

Sts call sent to wrong partition region.

## Why it breaks

STS looks the token's issuer up among the OIDC providers of the role's account, letter by letter, and compares the audience with the registered ones.

## Evidence

Associations, Caller, Cluster, Discovery, Exchange, Job, Logs, NetworkPolicies, Pods, Provider, Providers, Role, RoleArn, ServiceAccount, Token, Trail, Workload: what was read of each, side by side in the finding's proof.

## Repair

The finding names the exact command or patch for the objects at hand.

## References

IAM User Guide, \"Create an OIDC identity provider\"; IAM API reference",
}
