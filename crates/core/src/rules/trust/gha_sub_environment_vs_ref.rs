//! `gha-sub-environment-vs-ref`: job has environment:, so sub is repo:O/R:environment:E and not ...:ref:.

use crate::judge;
use crate::rules::rule;

rule! {
    GhaSubEnvironmentVsRef,
    code: "TW008",
    name: "gha-sub-environment-vs-ref",
    summary: "job has environment:, so sub is repo:O/R:environment:E and not ...:ref:",
    link: Trust,
    needs: [Caller, Cluster, Discovery, Exchange, Job, Logs, Pods, Provider, Role, RoleArn, Token, Trail],
    citation: "IAM User Guide, \"Condition operators\", \"Policy evaluation logic\"",
    repair: NeedsApproval,
    judge: [judge::trust],
    doc: "## What it checks

Job has environment:, so sub is repo:O/R:environment:E and not ...:ref:.

## Why it breaks

STS compares the token with the trust policy exactly: principal, action, every operator and every key.

## Evidence

Caller, Cluster, Discovery, Exchange, Job, Logs, Pods, Provider, Role, RoleArn, Token, Trail: what was read of each, side by side in the finding's proof.

## Repair

The finding names the exact command or patch for the objects at hand.

## References

IAM User Guide, \"Condition operators\", \"Policy evaluation logic\"",
}
