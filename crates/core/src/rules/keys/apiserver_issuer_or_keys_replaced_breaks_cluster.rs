//! `apiserver-issuer-or-keys-replaced-breaks-cluster`: service-account-issuer/api-audiences changed under a running cluster.

use crate::judge;
use crate::rules::rule;

rule! {
    ApiserverIssuerOrKeysReplacedBreaksCluster,
    code: "TW039",
    name: "apiserver-issuer-or-keys-replaced-breaks-cluster",
    summary: "service-account-issuer/api-audiences changed under a running cluster",
    link: Keys,
    needs: [Cluster, Discovery, Exchange, Keys, Logs, Pods, Provider, Token, Trail],
    citation: "AWS Knowledge Center, iam-sts-invalididentitytoken; IAM User Guide, \"Create an OIDC identity provider\"",
    repair: Manual,
    judge: [judge::issuer],
    doc: "## What it checks

Service-account-issuer/api-audiences changed under a running cluster.

## Why it breaks

STS fetches the discovery document and the keys itself, from the public address in the token, within five seconds.

## Evidence

Cluster, Discovery, Exchange, Keys, Logs, Pods, Provider, Token, Trail: what was read of each, side by side in the finding's proof.

## Repair

The finding names the exact command or patch for the objects at hand.

## References

AWS Knowledge Center, iam-sts-invalididentitytoken; IAM User Guide, \"Create an OIDC identity provider\"",
}
