//! `sub-wrong-service-account`: service account name in :sub differs from the rendered one (release-name prefix, renamed chart, copy-paste).

use crate::judge;
use crate::rules::rule;

rule! {
    SubWrongServiceAccount,
    code: "TW003",
    name: "sub-wrong-service-account",
    summary: "service account name in :sub differs from the rendered one (release-name prefix, renamed chart, copy-paste)",
    link: Trust,
    needs: [Caller, Cluster, Discovery, Exchange, Job, Logs, Pods, Provider, Role, RoleArn, Token, Trail],
    citation: "IAM User Guide, \"Condition operators\", \"Policy evaluation logic\"",
    repair: NeedsApproval,
    judge: [judge::trust],
    doc: "## What it checks

Service account name in :sub differs from the rendered one (release-name prefix, renamed chart, copy-paste).

## Why it breaks

STS compares the token with the trust policy exactly: principal, action, every operator and every key.

## Evidence

Caller, Cluster, Discovery, Exchange, Job, Logs, Pods, Provider, Role, RoleArn, Token, Trail: what was read of each, side by side in the finding's proof.

## Repair

The finding names the exact command or patch for the objects at hand.

## References

IAM User Guide, \"Condition operators\", \"Policy evaluation logic\"",
}
