//! `audience-default-changed-by-tool`: tool's default audience changed (sigstore to sts.amazonaws.com).

use crate::judge;
use crate::rules::rule;

rule! {
    AudienceDefaultChangedByTool,
    code: "TW042",
    name: "audience-default-changed-by-tool",
    summary: "tool's default audience changed (sigstore to sts.amazonaws.com)",
    link: Provider,
    needs: [Caller, Cluster, Discovery, Exchange, Logs, Pods, Provider, Providers, Role, RoleArn, Token, Trail],
    citation: "IAM User Guide, \"Create an OIDC identity provider\"; IAM API reference",
    repair: Manual,
    judge: [judge::provider],
    doc: "## What it checks

Tool's default audience changed (sigstore to sts.amazonaws.com).

## Why it breaks

STS looks the token's issuer up among the OIDC providers of the role's account, letter by letter, and compares the audience with the registered ones.

## Evidence

Caller, Cluster, Discovery, Exchange, Logs, Pods, Provider, Providers, Role, RoleArn, Token, Trail: what was read of each, side by side in the finding's proof.

## Repair

The finding names the exact command or patch for the objects at hand.

## References

IAM User Guide, \"Create an OIDC identity provider\"; IAM API reference",
}
