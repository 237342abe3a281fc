//! `condition-key-claim-not-supported-by-iam`: condition on a claim IAM does not map (actor, custom claims): key never present.

use crate::judge;
use crate::rules::rule;

rule! {
    ConditionKeyClaimNotSupportedByIam,
    code: "TW013",
    name: "condition-key-claim-not-supported-by-iam",
    summary: "condition on a claim IAM does not map (actor, custom claims): key never present",
    link: Trust,
    needs: [Caller, Cluster, Discovery, Exchange, Job, Logs, Pods, Provider, Role, RoleArn, Token, Trail],
    citation: "IAM User Guide, \"Condition operators\", \"Policy evaluation logic\"",
    repair: NeedsApproval,
    judge: [judge::trust],
    doc: "## What it checks

Condition on a claim IAM does not map (actor, custom claims): key never present.

## Why it breaks

STS compares the token with the trust policy exactly: principal, action, every operator and every key.

## Evidence

Caller, Cluster, Discovery, Exchange, Job, Logs, Pods, Provider, Role, RoleArn, Token, Trail: what was read of each, side by side in the finding's proof.

## Repair

The finding names the exact command or patch for the objects at hand.

## References

IAM User Guide, \"Condition operators\", \"Policy evaluation logic\"",
}
