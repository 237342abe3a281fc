//! `issuer-is-cluster-local-url`: question, not a failure - such an issuer cannot be fetched by STS.

use crate::judge;
use crate::rules::rule;

rule! {
    IssuerIsClusterLocalUrl,
    code: "TW080",
    name: "issuer-is-cluster-local-url",
    summary: "question, not a failure - such an issuer cannot be fetched by STS",
    link: Issuer,
    needs: [Cluster, Discovery, Exchange, Keys, Logs, Pods, Provider, Token, Trail],
    citation: "AWS Knowledge Center, iam-sts-invalididentitytoken; IAM User Guide, \"Create an OIDC identity provider\"",
    repair: Manual,
    judge: [judge::issuer],
    doc: "## What it checks

Question, not a failure - such an issuer cannot be fetched by STS.

## Why it breaks

STS fetches the discovery document and the keys itself, from the public address in the token, within five seconds.

## Evidence

Cluster, Discovery, Exchange, Keys, Logs, Pods, Provider, Token, Trail: what was read of each, side by side in the finding's proof.

## Repair

The finding names the exact command or patch for the objects at hand.

## References

AWS Knowledge Center, iam-sts-invalididentitytoken; IAM User Guide, \"Create an OIDC identity provider\"",
}
