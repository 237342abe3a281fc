//! A control policy of the organisation denies.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW085",
        name: "org-policy-rcp-scp-deny",
        summary: "A control policy of the organisation denies",
        link: Link::Exchange,
        severity: Severity::Error,
        needs: &[
            Kind::Pods,
            Kind::Workload,
            Kind::ServiceAccount,
            Kind::Associations,
            Kind::NetworkPolicies,
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
        citation: "AWS Organizations User Guide, \"Resource control policies\"",
        since: "0.1.0",
        repair: Repair::Manual,
        doc: r#"## What it checks

A control policy of the organisation denies.

## Why it breaks

The role's own policy admits the identity, and a policy of the organisation still decides against it: at the exchange, or at what the session does then.

## Evidence

The role's trust policy, statement by statement, against the token's claims; in a log, the kind of policy that AWS names as the one that denied. What cannot be read leaves the rule undetermined.

## Repair

Exempt the provider. A person has to do this.

## References

- AWS Organizations User Guide, "Resource control policies"
- IAM User Guide, "Troubleshoot access denied error messages""#,
    },
    groups: &[judge::trust, judge::reach],
};
