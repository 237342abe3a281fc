//! `gha-sub-branch-or-tag-not-allowed`: ref in the token sub is in no allowed pattern.

use crate::judge;
use crate::rules::rule;

rule! {
    GhaSubBranchOrTagNotAllowed,
    code: "TW019",
    name: "gha-sub-branch-or-tag-not-allowed",
    summary: "ref in the token sub is in no allowed pattern",
    link: Trust,
    needs: [Caller, Cluster, Discovery, Exchange, Job, Logs, Pods, Provider, Role, RoleArn, Token, Trail],
    citation: "IAM User Guide, \"Condition operators\", \"Policy evaluation logic\"",
    repair: NeedsApproval,
    judge: [judge::trust],
    doc: "## What it checks

Ref in the token sub is in no allowed pattern.

## Why it breaks

STS compares the token with the trust policy exactly: principal, action, every operator and every key.

## Evidence

Caller, Cluster, Discovery, Exchange, Job, Logs, Pods, Provider, Role, RoleArn, Token, Trail: what was read of each, side by side in the finding's proof.

## Repair

The finding names the exact command or patch for the objects at hand.

## References

IAM User Guide, \"Condition operators\", \"Policy evaluation logic\"",
}
