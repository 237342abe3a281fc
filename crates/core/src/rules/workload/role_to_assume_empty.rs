//! `role-to-assume-empty`: role to assume empty.

use crate::judge;
use crate::rules::rule;

rule! {
    RoleToAssumeEmpty,
    code: "TW093",
    name: "role-to-assume-empty",
    summary: "role to assume empty",
    link: Workload,
    needs: [Exchange, Job, Logs, Pods, RoleArn, Token, Trail],
    citation: "GitHub documentation, \"Configuring OpenID Connect in Amazon Web Services\"",
    repair: Manual,
    judge: [judge::ci],
    doc: "## What it checks

Role to assume empty.

## Why it breaks

A job gets its role by showing STS an ID token; without the token, or with a role that is not named, no exchange takes place.

## Evidence

Exchange, Job, Logs, Pods, RoleArn, Token, Trail: what was read of each, side by side in the finding's proof.

## Repair

The finding names the exact command or patch for the objects at hand.

## References

GitHub documentation, \"Configuring OpenID Connect in Amazon Web Services\"",
}
