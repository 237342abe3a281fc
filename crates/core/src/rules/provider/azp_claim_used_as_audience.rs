//! IAM compares azp where aud was expected.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW064",
        name: "azp-claim-used-as-audience",
        summary: "IAM compares azp where aud was expected",
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
            Kind::Job,
            Kind::Namesake,
            Kind::ServiceAccount,
            Kind::Trusting,
        ],
        masked_by: &[],
        citation: "IAM User Guide, \"AWS global condition context keys: OIDC federation\"",
        since: "0.1.0",
        repair: Repair::NeedsApproval,
        doc: r#"## What it checks

IAM compares azp where aud was expected.

## Why it breaks

With an azp claim, azp is the audience.

## Evidence

The account's provider with its audiences, the token's issuer and audience, and CloudTrail; The role's trust policy, statement by statement, against the token's claims. What cannot be read leaves the rule undetermined.

## Repair

Register azp. `trustwalk fix` can do this after approval.

## References

- IAM User Guide, "AWS global condition context keys: OIDC federation""#,
    },
    groups: &[judge::provider, judge::trust],
};
