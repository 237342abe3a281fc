//! `token-too-old-or-expired`: token too old or expired.

use crate::judge;
use crate::rules::rule;

rule! {
    TokenTooOldOrExpired,
    code: "TW100",
    name: "token-too-old-or-expired",
    summary: "token too old or expired",
    link: Token,
    needs: [Exchange, Job, Logs, Pods, Token, Trail],
    citation: "STS API reference, AssumeRoleWithWebIdentity; IAM User Guide, OIDC federation",
    repair: Manual,
    judge: [judge::token],
    doc: "## What it checks

Token too old or expired.

## Why it breaks

STS reads the token's form, times and claims before it looks at any policy.

## Evidence

Exchange, Job, Logs, Pods, Token, Trail: what was read of each, side by side in the finding's proof.

## Repair

The finding names the exact command or patch for the objects at hand.

## References

STS API reference, AssumeRoleWithWebIdentity; IAM User Guide, OIDC federation",
}
