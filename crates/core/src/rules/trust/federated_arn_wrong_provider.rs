//! `federated-arn-wrong-provider`: reference to the identity provider in the role attached to the CNI plugin was incorrect.

use crate::judge;
use crate::rules::rule;

rule! {
    FederatedArnWrongProvider,
    code: "TW072",
    name: "federated-arn-wrong-provider",
    summary: "reference to the identity provider in the role attached to the CNI plugin was incorrect",
    link: Trust,
    needs: [Caller, Cluster, Discovery, Exchange, Job, Logs, Pods, Provider, Role, RoleArn, Token, Trail],
    citation: "IAM User Guide, \"Condition operators\", \"Policy evaluation logic\"",
    repair: NeedsApproval,
    judge: [judge::trust],
    doc: "## What it checks

Reference to the identity provider in the role attached to the CNI plugin was incorrect.

## Why it breaks

STS compares the token with the trust policy exactly: principal, action, every operator and every key.

## Evidence

Caller, Cluster, Discovery, Exchange, Job, Logs, Pods, Provider, Role, RoleArn, Token, Trail: what was read of each, side by side in the finding's proof.

## Repair

The finding names the exact command or patch for the objects at hand.

## References

IAM User Guide, \"Condition operators\", \"Policy evaluation logic\"",
}
