//! `role-session-name-invalid`: characters or length of the session name.

use crate::judge;
use crate::rules::rule;

rule! {
    RoleSessionNameInvalid,
    code: "TW056",
    name: "role-session-name-invalid",
    summary: "characters or length of the session name",
    link: Exchange,
    needs: [Exchange, Job, Logs, Pods, Role, Trail],
    citation: "STS API reference, AssumeRoleWithWebIdentity",
    repair: Manual,
    judge: [judge::session],
    doc: "## What it checks

Characters or length of the session name.

## Why it breaks

A session has a name, a length and an end of its own, which the caller asks for and the role bounds.

## Evidence

Exchange, Job, Logs, Pods, Role, Trail: what was read of each, side by side in the finding's proof.

## Repair

The finding names the exact command or patch for the objects at hand.

## References

STS API reference, AssumeRoleWithWebIdentity",
}
