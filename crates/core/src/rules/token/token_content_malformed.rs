//! `token-content-malformed`: a log line was appended to the projected token; not reproducible.

use crate::judge;
use crate::rules::rule;

rule! {
    TokenContentMalformed,
    code: "TW097",
    name: "token-content-malformed",
    summary: "a log line was appended to the projected token; not reproducible",
    link: Token,
    needs: [Exchange, Job, Logs, Pods, Token, Trail],
    citation: "STS API reference, AssumeRoleWithWebIdentity; IAM User Guide, OIDC federation",
    repair: Manual,
    judge: [judge::token],
    doc: "## What it checks

A log line was appended to the projected token; not reproducible.

## Why it breaks

STS reads the token's form, times and claims before it looks at any policy.

## Evidence

Exchange, Job, Logs, Pods, Token, Trail: what was read of each, side by side in the finding's proof.

## Repair

The finding names the exact command or patch for the objects at hand.

## References

STS API reference, AssumeRoleWithWebIdentity; IAM User Guide, OIDC federation",
}
