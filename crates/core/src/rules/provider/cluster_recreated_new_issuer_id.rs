//! `cluster-recreated-new-issuer-id`: new cluster, new /id/X; roles trust the old one.

use crate::judge;
use crate::rules::rule;

rule! {
    ClusterRecreatedNewIssuerId,
    code: "TW044",
    name: "cluster-recreated-new-issuer-id",
    summary: "new cluster, new /id/X; roles trust the old one",
    link: Provider,
    needs: [Caller, Cluster, Discovery, Exchange, Job, Logs, Pods, Provider, Providers, Role, RoleArn, Token, Trail],
    citation: "IAM User Guide, \"Create an OIDC identity provider\"; IAM API reference",
    repair: Manual,
    judge: [judge::provider, judge::trust],
    doc: "## What it checks

New cluster, new /id/X; roles trust the old one.

## Why it breaks

STS looks the token's issuer up among the OIDC providers of the role's account, letter by letter, and compares the audience with the registered ones.

## Evidence

Caller, Cluster, Discovery, Exchange, Job, Logs, Pods, Provider, Providers, Role, RoleArn, Token, Trail: what was read of each, side by side in the finding's proof.

## Repair

The finding names the exact command or patch for the objects at hand.

## References

IAM User Guide, \"Create an OIDC identity provider\"; IAM API reference",
}
