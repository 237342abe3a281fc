//! `ci-job-does-not-request-token`: ci job does not request token.

use crate::judge;
use crate::rules::rule;

rule! {
    CiJobDoesNotRequestToken,
    code: "TW066",
    name: "ci-job-does-not-request-token",
    summary: "ci job does not request token",
    link: Workload,
    needs: [Exchange, Job, Logs, Pods, RoleArn, Token, Trail],
    citation: "GitHub documentation, \"Configuring OpenID Connect in Amazon Web Services\"",
    repair: Manual,
    judge: [judge::ci],
    doc: "## What it checks

Ci job does not request token.

## Why it breaks

A job gets its role by showing STS an ID token; without the token, or with a role that is not named, no exchange takes place.

## Evidence

Exchange, Job, Logs, Pods, RoleArn, Token, Trail: what was read of each, side by side in the finding's proof.

## Repair

The finding names the exact command or patch for the objects at hand.

## References

GitHub documentation, \"Configuring OpenID Connect in Amazon Web Services\"",
}
