//! The policy asks for a session tag the token lacks.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW090",
        name: "required-session-tag-not-in-token",
        summary: "The policy asks for a session tag the token lacks",
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
        citation: "IAM User Guide, \"Pass session tags in AWS STS\"",
        since: "0.1.0",
        repair: Repair::Manual,
        doc: r#"## What it checks

The policy asks for a session tag the token lacks.

## Why it breaks

Tags come from a claim.

## Evidence

The role's trust policy, statement by statement, against the token's claims. What cannot be read leaves the rule undetermined.

## Repair

Put the tag into the token. A person has to do this.

## References

- IAM User Guide, "Pass session tags in AWS STS""#,
    },
    groups: &[judge::trust],
};
