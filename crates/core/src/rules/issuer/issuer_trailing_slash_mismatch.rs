//! `issuer-trailing-slash-mismatch`: sam pipeline bootstrap creates the identity provider as own-gitlab.com/ (trailing slash) with audience https://own-gitlab.com.

use crate::judge;
use crate::rules::rule;

rule! {
    IssuerTrailingSlashMismatch,
    code: "TW082",
    name: "issuer-trailing-slash-mismatch",
    summary: "sam pipeline bootstrap creates the identity provider as own-gitlab.com/ (trailing slash) with audience https://own-gitlab.com",
    link: Issuer,
    needs: [Caller, Cluster, Discovery, Exchange, Job, Keys, Logs, Pods, Provider, Providers, Role, RoleArn, Token, Trail],
    citation: "AWS Knowledge Center, iam-sts-invalididentitytoken; IAM User Guide, \"Create an OIDC identity provider\"",
    repair: Manual,
    judge: [judge::issuer, judge::provider, judge::trust],
    doc: "## What it checks

Sam pipeline bootstrap creates the identity provider as own-gitlab.com/ (trailing slash) with audience https://own-gitlab.com.

## Why it breaks

STS fetches the discovery document and the keys itself, from the public address in the token, within five seconds.

## Evidence

Caller, Cluster, Discovery, Exchange, Job, Keys, Logs, Pods, Provider, Providers, Role, RoleArn, Token, Trail: what was read of each, side by side in the finding's proof.

## Repair

The finding names the exact command or patch for the objects at hand.

## References

AWS Knowledge Center, iam-sts-invalididentitytoken; IAM User Guide, \"Create an OIDC identity provider\"",
}
