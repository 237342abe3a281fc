//! `issuer-host-changed-dual-stack`: issuer host changed dual stack.

use crate::judge;
use crate::rules::rule;

rule! {
    IssuerHostChangedDualStack,
    code: "TW078",
    name: "issuer-host-changed-dual-stack",
    summary: "issuer host changed dual stack",
    link: Provider,
    needs: [Caller, Cluster, Discovery, Exchange, Logs, Pods, Provider, Providers, Role, RoleArn, Token, Trail],
    citation: "IAM User Guide, \"Create an OIDC identity provider\"; IAM API reference",
    repair: Manual,
    judge: [judge::provider],
    doc: "## What it checks

Issuer host changed dual stack.

## Why it breaks

STS looks the token's issuer up among the OIDC providers of the role's account, letter by letter, and compares the audience with the registered ones.

## Evidence

Caller, Cluster, Discovery, Exchange, Logs, Pods, Provider, Providers, Role, RoleArn, Token, Trail: what was read of each, side by side in the finding's proof.

## Repair

The finding names the exact command or patch for the objects at hand.

## References

IAM User Guide, \"Create an OIDC identity provider\"; IAM API reference",
}
