//! `idp-sub-format-changed`: vendor changed the sub format when projects were introduced; old trust policies stop matching.

use crate::judge;
use crate::rules::rule;

rule! {
    IdpSubFormatChanged,
    code: "TW075",
    name: "idp-sub-format-changed",
    summary: "vendor changed the sub format when projects were introduced; old trust policies stop matching",
    link: Trust,
    needs: [Caller, Cluster, Discovery, Exchange, Job, Logs, Pods, Provider, Role, RoleArn, Token, Trail],
    citation: "IAM User Guide, \"Condition operators\", \"Policy evaluation logic\"",
    repair: NeedsApproval,
    judge: [judge::trust],
    doc: "## What it checks

Vendor changed the sub format when projects were introduced; old trust policies stop matching.

## Why it breaks

STS compares the token with the trust policy exactly: principal, action, every operator and every key.

## Evidence

Caller, Cluster, Discovery, Exchange, Job, Logs, Pods, Provider, Role, RoleArn, Token, Trail: what was read of each, side by side in the finding's proof.

## Repair

The finding names the exact command or patch for the objects at hand.

## References

IAM User Guide, \"Condition operators\", \"Policy evaluation logic\"",
}
