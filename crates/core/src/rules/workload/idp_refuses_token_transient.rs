//! `idp-refuses-token-transient`: the identity provider refused to issue a token because it still thought the job was pending.

use crate::judge;
use crate::rules::rule;

rule! {
    IdpRefusesTokenTransient,
    code: "TW074",
    name: "idp-refuses-token-transient",
    summary: "the identity provider refused to issue a token because it still thought the job was pending",
    link: Workload,
    needs: [Exchange, Job, Logs, Pods, RoleArn, Token, Trail],
    citation: "GitHub documentation, \"Configuring OpenID Connect in Amazon Web Services\"",
    repair: Manual,
    judge: [judge::ci],
    doc: "## What it checks

The identity provider refused to issue a token because it still thought the job was pending.

## Why it breaks

A job gets its role by showing STS an ID token; without the token, or with a role that is not named, no exchange takes place.

## Evidence

Exchange, Job, Logs, Pods, RoleArn, Token, Trail: what was read of each, side by side in the finding's proof.

## Repair

The finding names the exact command or patch for the objects at hand.

## References

GitHub documentation, \"Configuring OpenID Connect in Amazon Web Services\"",
}
