//! `gha-sub-no-trailing-context`: trust policy value was repo:ORG/REPO with nothing after it, while the token sub was repo:ORG/REPO:pull_request.

use crate::judge;
use crate::rules::rule;

rule! {
    GhaSubNoTrailingContext,
    code: "TW073",
    name: "gha-sub-no-trailing-context",
    summary: "trust policy value was repo:ORG/REPO with nothing after it, while the token sub was repo:ORG/REPO:pull_request",
    link: Trust,
    needs: [Caller, Cluster, Discovery, Exchange, Job, Logs, Pods, Provider, Role, RoleArn, Token, Trail],
    citation: "IAM User Guide, \"Condition operators\", \"Policy evaluation logic\"",
    repair: NeedsApproval,
    judge: [judge::trust],
    doc: "## What it checks

Trust policy value was repo:ORG/REPO with nothing after it, while the token sub was repo:ORG/REPO:pull_request.

## Why it breaks

STS compares the token with the trust policy exactly: principal, action, every operator and every key.

## Evidence

Caller, Cluster, Discovery, Exchange, Job, Logs, Pods, Provider, Role, RoleArn, Token, Trail: what was read of each, side by side in the finding's proof.

## Repair

The finding names the exact command or patch for the objects at hand.

## References

IAM User Guide, \"Condition operators\", \"Policy evaluation logic\"",
}
