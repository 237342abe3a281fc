//! `condition-key-not-issuer-path`: condition key was written with the provider ARN (arn:aws:iam::ACCT:oidc-provider/oidc.eks...:sub) instead of oidc.eks...:sub.

use crate::judge;
use crate::rules::rule;

rule! {
    ConditionKeyNotIssuerPath,
    code: "TW068",
    name: "condition-key-not-issuer-path",
    summary: "condition key was written with the provider ARN (arn:aws:iam::ACCT:oidc-provider/oidc.eks...:sub) instead of oidc.eks...:sub",
    link: Trust,
    needs: [Caller, Cluster, Discovery, Exchange, Job, Logs, Pods, Provider, Role, RoleArn, Token, Trail],
    citation: "IAM User Guide, \"Condition operators\", \"Policy evaluation logic\"",
    repair: NeedsApproval,
    judge: [judge::trust],
    doc: "## What it checks

Condition key was written with the provider ARN (arn:aws:iam::ACCT:oidc-provider/oidc.eks...:sub) instead of oidc.eks...:sub.

## Why it breaks

STS compares the token with the trust policy exactly: principal, action, every operator and every key.

## Evidence

Caller, Cluster, Discovery, Exchange, Job, Logs, Pods, Provider, Role, RoleArn, Token, Trail: what was read of each, side by side in the finding's proof.

## Repair

The finding names the exact command or patch for the objects at hand.

## References

IAM User Guide, \"Condition operators\", \"Policy evaluation logic\"",
}
