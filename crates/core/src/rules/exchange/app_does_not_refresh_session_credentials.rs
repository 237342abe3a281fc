//! `app-does-not-refresh-session-credentials`: session (1 h) not renewed although the token is valid.

use crate::judge;
use crate::rules::rule;

rule! {
    AppDoesNotRefreshSessionCredentials,
    code: "TW040",
    name: "app-does-not-refresh-session-credentials",
    summary: "session (1 h) not renewed although the token is valid",
    link: Exchange,
    needs: [Exchange, Job, Logs, Pods, Role, Trail],
    citation: "STS API reference, AssumeRoleWithWebIdentity",
    repair: Manual,
    judge: [judge::session],
    doc: "## What it checks

Session (1 h) not renewed although the token is valid.

## Why it breaks

A session has a name, a length and an end of its own, which the caller asks for and the role bounds.

## Evidence

Exchange, Job, Logs, Pods, Role, Trail: what was read of each, side by side in the finding's proof.

## Repair

The finding names the exact command or patch for the objects at hand.

## References

STS API reference, AssumeRoleWithWebIdentity",
}
