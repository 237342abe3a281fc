//! The role does not exist.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW106",
        name: "role-does-not-exist",
        summary: "The role does not exist",
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
        citation: "IAM API reference, GetRole",
        since: "0.1.0",
        repair: Repair::NeedsApproval,
        doc: r"## What it checks

The role does not exist.

## Why it breaks

STS answers as if it were denied.

## Evidence

The role's trust policy, statement by statement, against the token's claims. What cannot be read leaves the rule undetermined.

## Repair

Name a role that exists. Where the account has a role of that name under another path, `trustwalk fix` can do this after approval; else a person has to.

## References

- IAM API reference, GetRole",
    },
    groups: &[judge::trust],
};
