//! A tool changed its default audience.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW042",
        name: "audience-default-changed-by-tool",
        summary: "A tool changed its default audience",
        link: Link::Provider,
        severity: Severity::Error,
        needs: &[
            Kind::Pods,
            Kind::Logs,
            Kind::Token,
            Kind::Cluster,
            Kind::Discovery,
            Kind::Provider,
            Kind::Providers,
            Kind::RoleArn,
            Kind::Role,
            Kind::Caller,
            Kind::Exchange,
            Kind::Trail,
            Kind::Namesake,
            Kind::ServiceAccount,
            Kind::Job,
            Kind::Trusting,
        ],
        masked_by: &["idp-does-not-issue-requested-audience"],
        citation: "IAM API reference, AddClientIDToOpenIDConnectProvider",
        since: "0.1.0",
        repair: Repair::NeedsApproval,
        doc: r"## What it checks

A tool changed its default audience.

## Why it breaks

The provider knows the tool's former default.

## Evidence

The account's provider with its audiences, the token's issuer and audience, and CloudTrail. What cannot be read leaves the rule undetermined.

## Repair

Register the new one. `trustwalk fix` can do this after approval.

## References

- IAM API reference, AddClientIDToOpenIDConnectProvider",
    },
    groups: &[judge::provider],
};
