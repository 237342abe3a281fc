//! `cross-account-web-identity-without-provider-there`: role in account B, provider only in account A.

use crate::judge;
use crate::rules::rule;

rule! {
    CrossAccountWebIdentityWithoutProviderThere,
    code: "TW029",
    name: "cross-account-web-identity-without-provider-there",
    summary: "role in account B, provider only in account A",
    link: Provider,
    needs: [Caller, Cluster, Discovery, Exchange, Logs, Pods, Provider, Providers, Role, RoleArn, Token, Trail],
    citation: "IAM User Guide, \"Create an OIDC identity provider\"; IAM API reference",
    repair: Manual,
    judge: [judge::provider],
    doc: "## What it checks

Role in account B, provider only in account A.

## Why it breaks

STS looks the token's issuer up among the OIDC providers of the role's account, letter by letter, and compares the audience with the registered ones.

## Evidence

Caller, Cluster, Discovery, Exchange, Logs, Pods, Provider, Providers, Role, RoleArn, Token, Trail: what was read of each, side by side in the finding's proof.

## Repair

The finding names the exact command or patch for the objects at hand.

## References

IAM User Guide, \"Create an OIDC identity provider\"; IAM API reference",
}
