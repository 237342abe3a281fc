//! `trust-policy-lacks-web-identity-statement`: role trusts only ec2/other; no Federated statement.

use crate::judge;
use crate::rules::rule;

rule! {
    TrustPolicyLacksWebIdentityStatement,
    code: "TW024",
    name: "trust-policy-lacks-web-identity-statement",
    summary: "role trusts only ec2/other; no Federated statement",
    link: Trust,
    needs: [Caller, Cluster, Discovery, Exchange, Job, Logs, Pods, Provider, Role, RoleArn, Token, Trail],
    citation: "IAM User Guide, \"Condition operators\", \"Policy evaluation logic\"",
    repair: NeedsApproval,
    judge: [judge::trust],
    doc: "## What it checks

Role trusts only ec2/other; no Federated statement.

## Why it breaks

STS compares the token with the trust policy exactly: principal, action, every operator and every key.

## Evidence

Caller, Cluster, Discovery, Exchange, Job, Logs, Pods, Provider, Role, RoleArn, Token, Trail: what was read of each, side by side in the finding's proof.

## Repair

The finding names the exact command or patch for the objects at hand.

## References

IAM User Guide, \"Condition operators\", \"Policy evaluation logic\"",
}
