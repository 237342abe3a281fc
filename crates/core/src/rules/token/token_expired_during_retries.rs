//! `token-expired-during-retries`: the ID token is requested once.

use crate::judge;
use crate::rules::rule;

rule! {
    TokenExpiredDuringRetries,
    code: "TW098",
    name: "token-expired-during-retries",
    summary: "the ID token is requested once",
    link: Token,
    needs: [Exchange, Job, Logs, Pods, Token, Trail],
    citation: "STS API reference, AssumeRoleWithWebIdentity; IAM User Guide, OIDC federation",
    repair: Manual,
    judge: [judge::token],
    doc: "## What it checks

The ID token is requested once.

## Why it breaks

STS reads the token's form, times and claims before it looks at any policy.

## Evidence

Exchange, Job, Logs, Pods, Token, Trail: what was read of each, side by side in the finding's proof.

## Repair

The finding names the exact command or patch for the objects at hand.

## References

STS API reference, AssumeRoleWithWebIdentity; IAM User Guide, OIDC federation",
}
