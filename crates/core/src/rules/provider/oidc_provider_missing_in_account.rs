//! `oidc-provider-missing-in-account`: no provider for the issuer in the role's account.

use crate::judge;
use crate::rules::rule;

rule! {
    OidcProviderMissingInAccount,
    code: "TW021",
    name: "oidc-provider-missing-in-account",
    summary: "no provider for the issuer in the role's account",
    link: Provider,
    needs: [Caller, Cluster, Discovery, Exchange, Logs, Pods, Provider, Providers, Role, RoleArn, Token, Trail],
    citation: "IAM User Guide, \"Create an OIDC identity provider\"; IAM API reference",
    repair: NeedsApproval,
    judge: [judge::provider],
    doc: "## What it checks

No provider for the issuer in the role's account.

## Why it breaks

STS looks the token's issuer up among the OIDC providers of the role's account, letter by letter, and compares the audience with the registered ones.

## Evidence

Caller, Cluster, Discovery, Exchange, Logs, Pods, Provider, Providers, Role, RoleArn, Token, Trail: what was read of each, side by side in the finding's proof.

## Repair

The finding names the exact command or patch for the objects at hand.

## References

IAM User Guide, \"Create an OIDC identity provider\"; IAM API reference",
}
