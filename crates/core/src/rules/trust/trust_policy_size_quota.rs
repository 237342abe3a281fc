//! The trust policy is longer than IAM stores.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW116",
        name: "trust-policy-size-quota",
        summary: "The trust policy is longer than IAM stores",
        link: Link::Trust,
        severity: Severity::Error,
        needs: &[
            Kind::Pods,
            Kind::Logs,
            Kind::Token,
            Kind::Cluster,
            Kind::Discovery,
            Kind::Provider,
            Kind::RoleArn,
            Kind::Role,
            Kind::Caller,
            Kind::Exchange,
            Kind::Trail,
            Kind::Job,
            Kind::Providers,
            Kind::Trusting,
        ],
        masked_by: &[],
        citation: "IAM User Guide, \"IAM and AWS STS quotas\"",
        since: "0.1.0",
        repair: Repair::Manual,
        doc: r#"## What it checks

Whether IAM refused a longer trust policy (`Cannot exceed quota for ACLSizePerRole`).

## Why it breaks

A role's trust policy may have 2048 characters, white space not counted; the quota can be raised to 4096. Each service account written out takes some sixty, so a policy that lists them all is full after about thirty, and the next is refused by STS because it never got in.

## Evidence

The refusal in a log, and the length of the policy that is stored. By hand: `aws iam get-role --role-name NAME --query Role.AssumeRolePolicyDocument --output json | tr -d ' \n' | wc -c`.

## Repair

Cover the subjects with `StringLike` patterns, split the role, or raise the quota. A person has to do this.

## References

- IAM User Guide, "IAM and AWS STS quotas""#,
    },
    groups: &[judge::trust],
};
