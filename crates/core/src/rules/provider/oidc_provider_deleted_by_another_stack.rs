//! The provider was deleted.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW084",
        name: "oidc-provider-deleted-by-another-stack",
        summary: "The provider was deleted",
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
        masked_by: &[],
        citation: "IAM API reference, DeleteOpenIDConnectProvider",
        since: "0.1.0",
        repair: Repair::NeedsApproval,
        doc: r"## What it checks

The provider was deleted.

## Why it breaks

Another stack owned it.

## Evidence

The account's provider with its audiences, the token's issuer and audience, and CloudTrail. What cannot be read leaves the rule undetermined.

## Repair

Register it again. `trustwalk fix` can do this after approval.

## References

- IAM API reference, DeleteOpenIDConnectProvider",
    },
    groups: &[judge::provider],
};
