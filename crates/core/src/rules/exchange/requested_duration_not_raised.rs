//! `requested-duration-not-raised`: maxSessionDuration is only a ceiling.

use crate::judge;
use crate::rules::rule;

rule! {
    RequestedDurationNotRaised,
    code: "TW088",
    name: "requested-duration-not-raised",
    summary: "maxSessionDuration is only a ceiling",
    link: Exchange,
    needs: [Exchange, Job, Logs, Pods, Role, Trail],
    citation: "STS API reference, AssumeRoleWithWebIdentity",
    repair: Manual,
    judge: [judge::session],
    doc: "## What it checks

MaxSessionDuration is only a ceiling.

## Why it breaks

A session has a name, a length and an end of its own, which the caller asks for and the role bounds.

## Evidence

Exchange, Job, Logs, Pods, Role, Trail: what was read of each, side by side in the finding's proof.

## Repair

The finding names the exact command or patch for the objects at hand.

## References

STS API reference, AssumeRoleWithWebIdentity",
}
