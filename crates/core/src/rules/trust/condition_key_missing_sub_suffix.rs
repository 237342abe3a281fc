//! `condition-key-missing-sub-suffix`: a commenter's trust policy condition key is the bare issuer (oidc.eks.../id/X) without :sub. Whether that was the cause is not in the excerpt.

use crate::judge;
use crate::rules::rule;

rule! {
    ConditionKeyMissingSubSuffix,
    code: "TW067",
    name: "condition-key-missing-sub-suffix",
    summary: "a commenter's trust policy condition key is the bare issuer (oidc.eks.../id/X) without :sub. Whether that was the cause is not in the excerpt",
    link: Trust,
    needs: [Caller, Cluster, Discovery, Exchange, Job, Logs, Pods, Provider, Role, RoleArn, Token, Trail],
    citation: "IAM User Guide, \"Condition operators\", \"Policy evaluation logic\"",
    repair: NeedsApproval,
    judge: [judge::trust],
    doc: "## What it checks

A commenter's trust policy condition key is the bare issuer (oidc.eks.../id/X) without :sub. Whether that was the cause is not in the excerpt.

## Why it breaks

STS compares the token with the trust policy exactly: principal, action, every operator and every key.

## Evidence

Caller, Cluster, Discovery, Exchange, Job, Logs, Pods, Provider, Role, RoleArn, Token, Trail: what was read of each, side by side in the finding's proof.

## Repair

The finding names the exact command or patch for the objects at hand.

## References

IAM User Guide, \"Condition operators\", \"Policy evaluation logic\"",
}
