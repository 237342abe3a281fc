//! The token's audience is not registered with the provider.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW006",
        name: "audience-not-in-provider-client-ids",
        summary: "The token's audience is not registered with the provider",
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
        ],
        masked_by: &["idp-does-not-issue-requested-audience"],
        citation: "IAM API reference, AddClientIDToOpenIDConnectProvider",
        since: "0.1.0",
        repair: Repair::NeedsApproval,
        doc: r"## What it checks

The token's audience is not registered with the provider.

## Why it breaks

STS takes a token only if its audience is one of the provider's client ids.

## Evidence

The account's provider with its audiences, the token's issuer and audience, and CloudTrail. What cannot be read leaves the rule undetermined.

## Repair

Register the audience, or ask for tokens with a registered one. `trustwalk fix` can do this after approval.

## References

- IAM API reference, AddClientIDToOpenIDConnectProvider",
    },
    groups: &[judge::provider],
};
