//! `wrong-token-kind-missing-aud`: the GitLab job token / CI_JOB_JWT of that time has no aud claim.

use crate::judge;
use crate::rules::rule;

rule! {
    WrongTokenKindMissingAud,
    code: "TW106",
    name: "wrong-token-kind-missing-aud",
    summary: "the GitLab job token / CI_JOB_JWT of that time has no aud claim",
    link: Token,
    needs: [Exchange, Job, Logs, Pods, Token, Trail],
    citation: "STS API reference, AssumeRoleWithWebIdentity; IAM User Guide, OIDC federation",
    repair: Manual,
    judge: [judge::token],
    doc: "## What it checks

The GitLab job token / CI_JOB_JWT of that time has no aud claim.

## Why it breaks

STS reads the token's form, times and claims before it looks at any policy.

## Evidence

Exchange, Job, Logs, Pods, Token, Trail: what was read of each, side by side in the finding's proof.

## Repair

The finding names the exact command or patch for the objects at hand.

## References

STS API reference, AssumeRoleWithWebIdentity; IAM User Guide, OIDC federation",
}
