//! `token-file-read-once`: process keeps the first token; the file on disk is fresh, a new process works.

use crate::judge;
use crate::rules::rule;

rule! {
    TokenFileReadOnce,
    code: "TW004",
    name: "token-file-read-once",
    summary: "process keeps the first token; the file on disk is fresh, a new process works",
    link: Token,
    needs: [Exchange, Job, Logs, Pods, Token, Trail],
    citation: "STS API reference, AssumeRoleWithWebIdentity; IAM User Guide, OIDC federation",
    repair: Manual,
    judge: [judge::token],
    doc: "## What it checks

Process keeps the first token; the file on disk is fresh, a new process works.

## Why it breaks

STS reads the token's form, times and claims before it looks at any policy.

## Evidence

Exchange, Job, Logs, Pods, Token, Trail: what was read of each, side by side in the finding's proof.

## Repair

The finding names the exact command or patch for the objects at hand.

## References

STS API reference, AssumeRoleWithWebIdentity; IAM User Guide, OIDC federation",
}
